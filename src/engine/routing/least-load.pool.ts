import type { Agent } from '../registry/agent.js';
import { Pool } from './pool.js';
import { SeatList, type Seat } from './seat-list.js';

/** Agents of one capacity, by load: `levels[n]` holds those that work on n tasks. */
class CapacityClass {
  private readonly levels: SeatList[] = [];
  private lowest = 0;

  constructor(readonly capacity: number) {}

  append(seat: Seat): void {
    const load = seat.agent.load;
    (this.levels[load] ??= new SeatList()).append(seat);
    this.lowest = Math.min(this.lowest, load);
  }

  /** The least loaded agent. Moves `lowest` up over empty levels; each step was paid for by a load change. */
  least(): Agent | undefined {
    while (this.lowest < this.levels.length) {
      const head = this.levels[this.lowest]?.head;
      if (head) return head.agent;
      this.lowest++;
    }
    return undefined;
  }
}

/**
 * Lowest load ÷ capacity first. Ties are spread: who was used last stands last.
 * A pick costs the number of distinct capacities, not the number of agents.
 */
export class LeastLoadPool extends Pool {
  private readonly classes = new Map<number, CapacityClass>();

  override pick(): Agent | undefined {
    let best: Agent | undefined;
    for (const group of this.classes.values()) {
      const agent = group.least();
      // A class without a free agent is made anew when one of its agents has room again.
      if (!agent) this.classes.delete(group.capacity);
      else if (!best || share(agent) < share(best)) best = agent;
    }
    return best;
  }

  protected override arrange(seat: Seat): void {
    const capacity = seat.agent.card.maxConcurrency;
    let group = this.classes.get(capacity);
    if (!group) this.classes.set(capacity, (group = new CapacityClass(capacity)));
    group.append(seat);
  }
}

const share = (agent: Agent): number => agent.load / agent.card.maxConcurrency;
