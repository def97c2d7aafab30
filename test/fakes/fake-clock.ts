import { Clock, type Timer } from '../../src/core/clock.js';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves only when the test says so; timers fire in the order in which they are due. */
export class FakeClock extends Clock {
  private readonly pending = new Set<Pending>();
  private order = 0;

  constructor(private time = Date.UTC(2026, 0, 1)) {
    super();
  }

  now(): number {
    return this.time;
  }

  after(ms: number, fire: () => void): Timer {
    const timer: Pending = { at: this.time + Math.max(0, ms), order: this.order++, fire };
    this.pending.add(timer);
    return { cancel: () => void this.pending.delete(timer) };
  }

  /** Moves time forward by `ms` and fires what falls due on the way, timers set by timers included; each sees the moment it was due. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (let next = this.next(end); next; next = this.next(end)) {
      this.pending.delete(next);
      this.time = next.at;
      next.fire();
    }
    this.time = end;
  }

  /** Timers that are set and have not fired. */
  get timers(): number {
    return this.pending.size;
  }

  private next(until: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.pending) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}
