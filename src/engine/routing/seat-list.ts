import type { Agent, Placement } from '../registry/agent.js';
import type { Pool } from './pool.js';

/** An agent's place in one pool: a node of at most one list at a time. */
export class Seat implements Placement {
  list: SeatList | undefined;
  previous: Seat | undefined;
  next: Seat | undefined;
  /** The agent's load when the pool last looked. */
  load: number;
  /** When it was last put into the pool's order, as a count. */
  turn = 0;

  constructor(
    readonly agent: Agent,
    readonly pool: Pool,
  ) {
    this.load = agent.load;
  }

  reorder(): void {
    this.pool.reorder(this);
  }
}

/** A queue of seats with removal from anywhere in constant time. */
export class SeatList {
  private first: Seat | undefined;
  private last: Seat | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get head(): Seat | undefined {
    return this.first;
  }

  append(seat: Seat): void {
    seat.list = this;
    seat.previous = this.last;
    seat.next = undefined;
    if (this.last) this.last.next = seat;
    else this.first = seat;
    this.last = seat;
    this.count++;
  }

  remove(seat: Seat): void {
    if (seat.previous) seat.previous.next = seat.next;
    else this.first = seat.next;
    if (seat.next) seat.next.previous = seat.previous;
    else this.last = seat.previous;
    seat.list = seat.previous = seat.next = undefined;
    this.count--;
  }
}
