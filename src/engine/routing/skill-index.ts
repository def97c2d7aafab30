import type { AgentCard } from '../../core/agent.js';
import type { Namespace } from '../../core/ids.js';
import type { Agent } from '../registry/agent.js';
import type { Pool } from './pool.js';

/** One pool per skill and scope. An agent sits in the pool of its namespace and in that of no namespace (auth off). */
export class SkillIndex {
  private readonly scopes = new Map<Namespace | null, Map<string, Pool>>();

  constructor(private readonly newPool: () => Pool) {}

  pool(scope: Namespace | null, skill: string): Pool | undefined {
    return this.scopes.get(scope)?.get(skill);
  }

  add(agent: Agent): void {
    for (const skill of skillIds(agent.card))
      for (const scope of [agent.namespace, null]) this.poolFor(scope, skill).add(agent);
  }

  remove(agent: Agent, card: AgentCard = agent.card): void {
    for (const skill of skillIds(card)) for (const scope of [agent.namespace, null]) this.drop(scope, skill, agent);
  }

  reorder(agent: Agent): void {
    for (const skill of agent.card.skills) {
      this.pool(agent.namespace, skill.id)?.reorder(agent);
      this.pool(null, skill.id)?.reorder(agent);
    }
  }

  private poolFor(scope: Namespace | null, skill: string): Pool {
    let skills = this.scopes.get(scope);
    if (!skills) this.scopes.set(scope, (skills = new Map<string, Pool>()));
    let pool = skills.get(skill);
    if (!pool) skills.set(skill, (pool = this.newPool()));
    return pool;
  }

  /** Empty pools go: names of skills and namespaces come from outside and must not pile up. */
  private drop(scope: Namespace | null, skill: string, agent: Agent): void {
    const skills = this.scopes.get(scope);
    const pool = skills?.get(skill);
    if (!skills || !pool) return;
    pool.remove(agent);
    if (pool.size === 0) skills.delete(skill);
    if (skills.size === 0) this.scopes.delete(scope);
  }
}

const skillIds = (card: AgentCard): string[] => card.skills.map((skill) => skill.id);
