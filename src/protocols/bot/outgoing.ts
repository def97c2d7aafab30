import type { Clock, Timer } from '../../core/clock.js';

/** Bytes that wait for a bot before it is asked whether it reads at all. */
const MAX_UNREAD = 32 * 1024 * 1024;
/** A bot for which so much waits and that takes nothing for this long does not read; milliseconds. */
const STALL_MS = 5_000;
/** Bytes that wait for a bot at most, even for one that reads. */
const MAX_WAITING = 256 * 1024 * 1024;

/** What this needs of a WebSocket. */
export interface Sink {
  readonly bufferedAmount: number;
  send(frame: string): void;
}

/**
 * Frames on their way to a bot. What a bot does not read is memory of the gateway, so it is cut; but not one that does read and
 * got more at once than its line takes: a whole queue of tasks may wait for it when it comes.
 */
export class Outgoing {
  /** Bytes that waited after the last look. */
  private waiting = 0;
  private taken = false;
  private timer: Timer | undefined;

  /** @param unread called once, when the bot does not read */
  constructor(
    private readonly sink: Sink,
    private readonly clock: Clock,
    private readonly unread: () => void,
  ) {}

  send(frame: string): void {
    if (this.sink.bufferedAmount < this.waiting) this.taken = true;
    this.sink.send(frame);
    this.waiting = this.sink.bufferedAmount;
    if (this.waiting > MAX_WAITING) this.unread();
    else if (this.waiting > MAX_UNREAD && !this.timer) this.watch();
  }

  /** Nothing is judged any more. */
  stop(): void {
    this.timer?.cancel();
  }

  private watch(): void {
    this.taken = false;
    this.timer = this.clock.after(STALL_MS, () => {
      this.timer = undefined;
      this.judge();
    });
  }

  private judge(): void {
    const now = this.sink.bufferedAmount;
    const reads = this.taken || now < this.waiting;
    this.waiting = now;
    if (now <= MAX_UNREAD) return;
    if (reads) this.watch();
    else this.unread();
  }
}
