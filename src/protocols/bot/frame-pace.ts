import type { Clock } from '../../core/clock.js';
import type { Rate } from '../../config/kinds.js';

/** Counts a bot's frames by windows; two numbers per socket. */
export class FramePace {
  private windowEnds = 0;
  private count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly rate: Rate,
  ) {}

  /** Counts a frame. @returns milliseconds for which nothing more should be read; 0: go on */
  pauseAfterFrame(): number {
    const now = this.clock.now();
    if (now >= this.windowEnds) {
      this.windowEnds = now + this.rate.windowMs;
      this.count = 0;
    }
    return ++this.count < this.rate.requests ? 0 : this.windowEnds - now;
  }
}
