import type { Agent } from '../registry/agent.js';
import { Seat } from './seat-list.js';

/** The agents with one skill in one scope, kept in the order in which a strategy picks them. */
export abstract class Pool {
  private readonly seats = new Map<Agent, Seat>();
  private withRoom = 0;

  /** Online agents with the skill. */
  get size(): number {
    return this.seats.size;
  }

  /** Of these, how many have a free slot. */
  get available(): number {
    return this.withRoom;
  }

  add(agent: Agent): void {
    const seat = new Seat(agent);
    this.seats.set(agent, seat);
    this.place(seat);
  }

  remove(agent: Agent): void {
    const seat = this.seats.get(agent);
    if (!seat) return;
    this.take(seat);
    this.seats.delete(agent);
  }

  /** To be called after the agent's load has changed. */
  reorder(agent: Agent): void {
    const seat = this.seats.get(agent);
    if (!seat) return;
    this.take(seat);
    this.place(seat);
  }

  has(agent: Agent): boolean {
    return this.seats.has(agent);
  }

  /** The agent to use next; undefined when none has room. */
  abstract pick(): Agent | undefined;

  /** Puts an agent that has room into the strategy's order. */
  protected abstract arrange(seat: Seat): void;

  private place(seat: Seat): void {
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
