import { Clock } from '../../core/clock.js';
import type { Delivery, DeliveryOutcome } from '../../core/delivery.js';
import {
  OutgoingError,
  type OutgoingHttp,
  type OutgoingPurpose,
  type OutgoingStream,
} from '../../core/outgoing-http.js';
import type { Deliverer } from './deliverer.js';

/** Of an answer nobody needs more; reading it to its end leaves the connection usable. */
const MAX_ANSWER_BYTES = 64 * 1024;
const IDLE_MS = 1_000;
/** An endpoint cannot ask for a longer pause. */
const MAX_RETRY_AFTER_MS = 3_600_000;
const GONE = 410;
/** Answers that say "not now" about everything, not only about this delivery. */
const OVERLOADED = new Set([408, 425, 429]);

/** Where a delivery goes, with what is secret about it. */
export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Delivers by an HTTP POST through the gateway's one door. What counts is the status: any 2xx is taken, everything else
 * (a redirect too) has failed and is tried again; 410 and a forbidden address are final.
 */
export abstract class HttpDeliverer implements Deliverer {
  constructor(
    protected readonly clock: Clock,
    private readonly outgoing: OutgoingHttp,
    private readonly purpose: OutgoingPurpose,
    private readonly timeoutMs: number,
  ) {}

  /** Undefined: nobody wants it any more. */
  protected abstract target(delivery: Delivery): Promise<Target | undefined>;

  /** Which statuses count as taken. */
  protected accepts(status: number): boolean {
    return status >= 200 && status < 300;
  }

  async send(delivery: Delivery, signal: AbortSignal): Promise<DeliveryOutcome> {
    const target = await this.target(delivery);
    if (!target) return { ok: false, error: 'nobody wants it any more', final: true };
    const timeoutMs = delivery.policy?.timeoutMs ?? this.timeoutMs;
    try {
      const answer = await this.outgoing.open({
        url: target.url,
        method: 'POST',
        headers: { ...delivery.request.headers, ...target.headers },
        body: delivery.request.body,
        purpose: this.purpose,
        timeoutMs,
        idleMs: IDLE_MS,
        maxBytes: MAX_ANSWER_BYTES,
        signal,
      });
      void this.readOut(answer, this.clock.now() + timeoutMs);
      return this.judge(answer);
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      return { ok: false, error: error.message, final: error.kind === 'refused' };
    }
  }

  private judge({ status, headers }: OutgoingStream): DeliveryOutcome {
    if (this.accepts(status)) return { ok: true, status };
    const retryAfterMs = retryAfter(headers['retry-after'], this.clock.now());
    const alive = status < 500 && !OVERLOADED.has(status);
    return { ok: false, status, error: `status ${status}`, final: status === GONE, alive, retryAfterMs };
  }

  /** The verdict stands by now: whatever goes wrong here changes nothing. */
  private async readOut({ body }: OutgoingStream, until: number): Promise<void> {
    try {
      for await (const chunk of body) if (chunk.length === 0 || this.clock.now() > until) return;
    } catch {
      // The connection is closed; that is all.
    }
  }
}

/** Milliseconds of a Retry-After header (RFC 9110 §10.2.3): seconds or a date; undefined: there is none that makes sense. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
