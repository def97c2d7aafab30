import type { Agent } from '../registry/agent.js';
import { Pool } from './pool.js';
import { SeatList, type Seat } from './seat-list.js';

/** Agents of one load that take turns at once. */
const WINDOW = 32;
/** Every so many returns, one agent of the window makes place for one outside. */
const TURNOVER = 64;

/**
 * Agents of one load, all equally good. They take turns: who was used last stands last. With more than a window of them
 * the turns go round within the window while that moves on over all, because ten thousand agents in strict turn would be
 * ten thousand cache misses.
 */
class Level {
  private readonly window = new SeatList();
  private readonly others = new SeatList();
  private returns = 0;

  get head(): Seat | undefined {
    return this.window.head ?? this.others.head;
  }

  append(seat: Seat): void {
    if (this.window.size >= WINDOW || this.turnsOver()) this.others.append(seat);
    else this.window.append(seat);
  }

  private turnsOver(): boolean {
    const next = this.others.head;
    if (!next || ++this.returns % TURNOVER !== 0) return false;
    this.others.remove(next);
    this.window.append(next);
    return true;
  }
}

/** Agents of one capacity, by load: `levels[n]` holds those that work on n tasks. */
class CapacityClass {
  private readonly levels: Level[] = [];
  private lowest = 0;

  constructor(readonly capacity: number) {}

  append(seat: Seat): void {
    const load = seat.agent.load;
    (this.levels[load] ??= new Level()).append(seat);
    this.lowest = Math.min(this.lowest, load);
  }

  /** The least loaded agent. Moves `lowest` up over empty levels; each step was paid for by a load change. */
  least(): Seat | undefined {
    while (this.lowest < this.levels.length) {
      const head = this.levels[this.lowest]?.head;
      if (head) return head;
      this.lowest++;
    }
    return undefined;
  }
}

/**
 * Lowest load ÷ capacity first. Ties are spread.
 * A pick costs the number of distinct capacities, not the number of agents.
 */
export class LeastLoadPool extends Pool {
  private readonly classes = new Map<number, CapacityClass>();
  private turns = 0;

  override pick(): Agent | undefined {
    let best: Seat | undefined;
    for (const group of this.classes.values()) {
      const seat = group.least();
      // A class without a free agent is made anew when one of its agents has room again.
      if (!seat) this.classes.delete(group.capacity);
      else if (!best || comesFirst(seat, best)) best = seat;
    }
    return best?.agent;
  }

  protected override arrange(seat: Seat): void {
    const capacity = seat.agent.card.maxConcurrency;
    seat.turn = ++this.turns;
    let group = this.classes.get(capacity);
    if (!group) this.classes.set(capacity, (group = new CapacityClass(capacity)));
    group.append(seat);
  }
}

/** Between agents of different capacities: the lower share; at the same share whose turn is longer ago. */
function comesFirst(a: Seat, b: Seat): boolean {
  const difference = share(a.agent) - share(b.agent);
  return difference < 0 || (difference === 0 && a.turn < b.turn);
}

const share = (agent: Agent): number => agent.load / agent.card.maxConcurrency;
