/** Failures one after the other that open it. */
const FAILURES = 5;
const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;

/**
 * Keeps an endpoint that does not answer from being asked again and again: after some failures in a row it is left alone
 * for a while, then asked once; the pause doubles as long as that fails. Moments come from outside: it has no clock and
 * no timer of its own.
 */
export class Breaker {
  private failures = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private openUntil = 0;

  /** How many tries it lets through now: none, one to find out, or all. */
  allows(now: number): number {
    if (now < this.openUntil) return 0;
    return this.isOpen ? 1 : Infinity;
  }

  /** When it lets a try through again, milliseconds since the epoch; in the past: at once. */
  get retryAt(): number {
    return this.openUntil;
  }

  get isOpen(): boolean {
    return this.failures >= FAILURES;
  }

  succeeded(): void {
    this.failures = 0;
    this.pauseMs = FIRST_PAUSE_MS;
    this.openUntil = 0;
  }

  failed(now: number): void {
    this.failures++;
    // Tries that were under way when it opened say nothing new.
    if (!this.isOpen || now < this.openUntil) return;
    this.openUntil = now + this.pauseMs;
    this.pauseMs = Math.min(2 * this.pauseMs, MAX_PAUSE_MS);
  }

  /** The endpoint itself has asked for a pause (Retry-After). */
  pause(until: number): void {
    this.openUntil = Math.max(this.openUntil, until);
  }
}
