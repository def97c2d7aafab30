import type { Timer } from '../../core/clock.js';
import { Breaker } from './breaker.js';

/** One endpoint that has something to get, as long as it has. */
export class Endpoint {
  readonly breaker = new Breaker();
  /** Deliveries whose try is under way or not yet on disk: not to be tried again meanwhile. */
  readonly busy = new Set<string>();
  /** Tries under way. */
  trying = 0;
  /** Somebody is looking what is due; `again`: and has to look once more. */
  looking = false;
  again = false;
  private alarm: Timer | undefined;

  constructor(
    readonly key: string,
    private readonly concurrency: number,
  ) {}

  /** How many tries may begin now. */
  room(now: number): number {
    const allowed = Math.min(this.breaker.allows(now), this.concurrency);
    return Math.max(0, allowed - this.trying);
  }

  /** Sets the one alarm of this endpoint, instead of the one before. */
  wake(alarm: Timer | undefined): void {
    this.alarm?.cancel();
    this.alarm = alarm;
  }
}
