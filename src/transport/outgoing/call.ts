import type { Clock, Timer } from '../../core/clock.js';
import { OutgoingError } from '../../core/outgoing-http.js';

const WORDS = { answer: 'no answer', silence: 'silence' } as const;

/** One call under way: its time, and what has ended it early. */
export class Call {
  private readonly abort = new AbortController();
  private timer: Timer | undefined;
  private cut: OutgoingError | undefined;
  private readonly onOuter = () => this.end(new OutgoingError('aborted', 'the call was given up'));

  constructor(
    private readonly clock: Clock,
    private readonly outer: AbortSignal | undefined,
  ) {
    if (outer?.aborted) this.onOuter();
    else outer?.addEventListener('abort', this.onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Why it was ended early, if it was. */
  get cutBy(): OutgoingError | undefined {
    return this.cut;
  }

  /** Ends it in `ms` milliseconds unless {@link pause} or {@link over} comes first; the newest limit counts. */
  within(ms: number, what: keyof typeof WORDS): void {
    this.pause();
    this.timer = this.clock.after(ms, () =>
      this.end(new OutgoingError('timeout', `${WORDS[what]} for ${ms} ms`)),
    );
  }

  pause(): void {
    this.timer?.cancel();
  }

  /** It has ended, however: nothing of it stays behind. */
  over(): void {
    this.pause();
    this.outer?.removeEventListener('abort', this.onOuter);
  }

  private end(reason: OutgoingError): void {
    this.cut ??= reason;
    this.abort.abort(reason);
  }
}
