import type { Agent } from '../registry/agent.js';
import { Pool } from './pool.js';
import { SeatList, type Seat } from './seat-list.js';

/** In turn, whatever the load: who was used last stands last. */
export class RoundRobinPool extends Pool {
  private readonly ring = new SeatList();

  override pick(): Agent | undefined {
    return this.ring.head?.agent;
  }

  /** A finished task does not change an agent's turn; only being given one moves it to the end. */
  override reorder(seat: Seat): void {
    const finished = seat.agent.load < seat.load;
    if (finished && seat.list) seat.load = seat.agent.load;
    else super.reorder(seat);
  }

  protected override arrange(seat: Seat): void {
    this.ring.append(seat);
  }
}
