import type { Clock, Timer } from '../../core/clock.js';
import { NotTaken } from '../../core/not-taken.js';

interface Waiting {
  readonly timer: Timer;
  resolve(): void;
  reject(error: Error): void;
}

/** Frames that a bot has to confirm: each waits for the response with its id. */
export class Confirmations {
  private readonly waiting = new Map<string, Waiting>();

  constructor(
    private readonly clock: Clock,
    /** How long a bot may take, milliseconds. */
    private readonly patience: number,
  ) {}

  /** Resolves when the bot has confirmed. @throws NotTaken: it said no, nothing in time, or is gone */
  of(id: string): Promise<void> {
    this.settle(id, 'it was sent again');
    return new Promise((resolve, reject) => {
      const late = () => this.settle(id, `the bot did not confirm it within ${this.patience} ms`);
      this.waiting.set(id, { timer: this.clock.after(this.patience, late), resolve, reject });
    });
  }

  /** The bot's response; harmless when nobody waits for it. @param problem why it has not taken the message */
  settle(id: string, problem?: string): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    waiting.timer.cancel();
    if (problem === undefined) waiting.resolve();
    else waiting.reject(new NotTaken(problem));
  }

  /** The socket is closed. */
  giveUp(): void {
    for (const id of [...this.waiting.keys()]) this.settle(id, 'the connection of the bot was lost');
  }
}
