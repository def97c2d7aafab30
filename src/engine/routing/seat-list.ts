import type { Agent } from '../registry/agent.js';

/** An agent's place in one pool: a node of at most one list at a time. */
export class Seat {
  list: SeatList | undefined;
  previous: Seat | undefined;
  next: Seat | undefined;

  constructor(readonly agent: Agent) {}
}

/** A queue of seats with removal from anywhere in constant time. */
export class SeatList {
  private first: Seat | undefined;
  private last: Seat | undefined;

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
  }

  remove(seat: Seat): void {
    if (seat.previous) seat.previous.next = seat.next;
    else this.first = seat.next;
    if (seat.next) seat.next.previous = seat.previous;
    else this.last = seat.previous;
    seat.list = seat.previous = seat.next = undefined;
  }
}
