import { GatewayError } from './errors.js';
import type { Namespace } from './ids.js';

/** Seconds after which something may have been given back. */
const RETRY_S = 5;

/** What each namespace may have at once; null: what belongs to none (auth off). */
export class Quota {
  private readonly taken = new Map<Namespace | null, number>();

  /** @param what e.g. `open tasks`; @param limit per namespace; undefined: as many as it likes */
  constructor(
    private readonly what: string,
    private readonly limit: number | undefined,
  ) {}

  /** Takes one. @throws GatewayError RATE_LIMITED when the namespace has all that it may have */
  take(namespace: Namespace | null): void {
    if (this.limit === undefined) return;
    this.assertRoom(namespace);
    this.add(namespace);
  }

  /** @throws GatewayError RATE_LIMITED when the namespace has all that it may have */
  assertRoom(namespace: Namespace | null): void {
    if (this.limit === undefined) return;
    if ((this.taken.get(namespace) ?? 0) >= this.limit)
      throw new GatewayError('RATE_LIMITED', `this namespace has its ${this.limit} ${this.what}`, {
        retryAfterS: RETRY_S,
      });
  }

  /** Counts one that is there already. */
  add(namespace: Namespace | null): void {
    this.taken.set(namespace, (this.taken.get(namespace) ?? 0) + 1);
  }

  /** Gives one back. */
  release(namespace: Namespace | null): void {
    const left = (this.taken.get(namespace) ?? 0) - 1;
    if (left > 0) this.taken.set(namespace, left);
    else this.taken.delete(namespace);
  }
}
