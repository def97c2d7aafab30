import type { AgentCard } from '../../core/agent.js';
import type { Namespace } from '../../core/ids.js';
import type { Agent } from '../registry/agent.js';
import type { Pool } from './pool.js';
import type { Seat } from './seat-list.js';

/** A namespace, or null for all of them (auth off). */
type Scope = Namespace | null;
type Pools = Map<string, Pool>;

/**
 * One pool per skill and scope. A scope is indexed from the first time that somebody asks in it: with auth on nobody
 * asks in all namespaces at once, with auth off hardly anybody in one, and no agent pays for the other.
 */
export class SkillIndex {
  private readonly scopes = new Map<Scope, Pools>();
  private readonly seats = new Map<Agent, Seat[]>();
  private readonly population = new Map<Namespace, number>();

  constructor(private readonly newPool: () => Pool) {}

  pool(scope: Scope, skill: string): Pool | undefined {
    return (this.scopes.get(scope) ?? this.open(scope))?.get(skill);
  }

  add(agent: Agent): void {
    const seats: Seat[] = [];
    this.seats.set(agent, seats);
    agent.placements = seats;
    this.count(agent.namespace, 1);
    for (const pools of this.poolsOf(agent)) this.place(agent, pools, seats);
  }

  /** @param card the card that it was added with */
  remove(agent: Agent, card: AgentCard = agent.card): void {
    const seats = this.seats.get(agent);
    if (!seats) return;
    this.seats.delete(agent);
    agent.placements = [];
    for (const seat of seats) seat.pool.remove(seat);
    for (const pools of this.poolsOf(agent)) dropEmpty(pools, card);
    this.count(agent.namespace, -1);
  }

  /** A namespace without agents is not opened: its name may be anything that a caller made up. */
  private open(scope: Scope): Pools | undefined {
    if (scope !== null && !this.population.has(scope)) return undefined;
    const pools: Pools = new Map();
    this.scopes.set(scope, pools);
    for (const [agent, seats] of this.seats)
      if (scope === null || agent.namespace === scope) this.place(agent, pools, seats);
    return pools;
  }

  private poolsOf({ namespace }: Agent): Pools[] {
    return [this.scopes.get(namespace), this.scopes.get(null)].filter((pools) => pools !== undefined);
  }

  private place(agent: Agent, pools: Pools, seats: Seat[]): void {
    for (const { id } of agent.card.skills) {
      let pool = pools.get(id);
      if (!pool) pools.set(id, (pool = this.newPool()));
      seats.push(pool.add(agent));
    }
  }

  private count(namespace: Namespace, by: 1 | -1): void {
    const count = (this.population.get(namespace) ?? 0) + by;
    if (count > 0) this.population.set(namespace, count);
    else {
      this.population.delete(namespace);
      this.scopes.delete(namespace);
    }
  }
}

/** Names of skills come from outside and must not pile up. */
function dropEmpty(pools: Pools, { skills }: AgentCard): void {
  for (const { id } of skills) if (pools.get(id)?.size === 0) pools.delete(id);
}
