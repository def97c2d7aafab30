import { Clock, type Timer } from '../../core/clock.js';

/** The longest delay that a Node timer takes (2^31 - 1 ms, about 24.8 days). */
const MAX_DELAY_MS = 2_147_483_647;

/**
 * Wall time at start plus monotonic time since: somebody who sets the machine's clock moves no deadline of this process.
 */
export class SystemClock extends Clock {
  private readonly offset = Date.now() - performance.now();

  override now(): number {
    return Math.floor(this.offset + performance.now());
  }

  /** Delays beyond 24.8 days fire after 24.8 days; callers look at the time again when they fire. */
  override after(ms: number, fire: () => void): Timer {
    const timer = setTimeout(fire, Math.min(Math.max(ms, 0), MAX_DELAY_MS));
    return { cancel: () => clearTimeout(timer) };
  }
}
