import type { Agent } from '../registry/agent.js';
import { Seat } from './seat-list.js';

/** The agents with one skill in one scope, kept in the order in which a strategy picks them. */
export abstract class Pool {
  private members = 0;
  private withRoom = 0;

  /** Online agents with the skill. */
  get size(): number {
    return this.members;
  }

  /** Of these, how many have a free slot. */
  get available(): number {
    return this.withRoom;
  }

  add(agent: Agent): Seat {
    const seat = new Seat(agent, this);
    this.members++;
    this.place(seat);
    return seat;
  }

  remove(seat: Seat): void {
    this.members--;
    this.take(seat);
  }

  /** The agent's load has changed. */
  reorder(seat: Seat): void {
    this.take(seat);
    this.place(seat);
  }

  /** The agent to use next; undefined when none has room. */
  abstract pick(): Agent | undefined;

  /** Puts an agent that has room into the strategy's order. */
  protected abstract arrange(seat: Seat): void;

  private place(seat: Seat): void {
    seat.load = seat.agent.load;
    if (!seat.agent.hasRoom) return;
    this.arrange(seat);
    this.withRoom++;
  }

  private take(seat: Seat): void {
    if (!seat.list) return;
    seat.list.remove(seat);
    this.withRoom--;
  }
}
