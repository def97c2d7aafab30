import type { Agent } from '../registry/agent.js';
import { Pool } from './pool.js';
import { SeatList, type Seat } from './seat-list.js';

/** In turn, whatever the load: who was used last stands last. */
export class RoundRobinPool extends Pool {
  private readonly ring = new SeatList();
  private readonly turn = new Map<Agent, number>();

  override pick(): Agent | undefined {
    return this.ring.head?.agent;
  }

  /** A finished task does not change an agent's turn; only being given one moves it to the end. */
  override reorder(agent: Agent): void {
    const before = this.turn.get(agent) ?? 0;
    this.turn.set(agent, agent.load);
    const stillPlaced = agent.load < before && before < agent.card.maxConcurrency;
    if (!stillPlaced) super.reorder(agent);
  }

  override add(agent: Agent): void {
    this.turn.set(agent, agent.load);
    super.add(agent);
  }

  override remove(agent: Agent): void {
    this.turn.delete(agent);
    super.remove(agent);
  }

  protected override arrange(seat: Seat): void {
    this.ring.append(seat);
  }
}
