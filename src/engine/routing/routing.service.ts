import { Injectable } from '@nestjs/common';
import { RoutingConfig } from '../../config/routing.config.js';
import type { AgentName, Namespace } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import type { RoutingDecision } from '../../core/task.js';
import { Policy } from '../auth/policy.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';
import { Affinity } from './affinity.js';
import { LeastLoadPool } from './least-load.pool.js';
import { RoundRobinPool } from './round-robin.pool.js';
import { SkillIndex } from './skill-index.js';

/** What a task needs of an agent. */
export interface RouteRequest {
  readonly skill: string;
  /** Namespace whose agents count; null: all. */
  readonly scope: Namespace | null;
  readonly pinnedAgent: AgentName | null;
  readonly contextId: string | null;
}

/** `agent` is absent when all are busy or none is online; `decision.candidates` tells which. */
export interface Route {
  readonly agent: Agent | undefined;
  readonly decision: RoutingDecision;
}

/** One agent as the dry run shows it. */
export interface Candidate {
  readonly agent_id: string;
  readonly namespace: string;
  readonly load: number;
  readonly max_concurrency: number;
  readonly available: boolean;
}

export interface RoutingExplanation extends RoutingDecision {
  readonly skill: string;
  /** Least loaded first, at most {@link MAX_SHOWN}. */
  readonly agents: readonly Candidate[];
}

const MAX_SHOWN = 100;

/** Chooses the agent for a task; every choice says why. */
@Injectable()
export class RoutingService {
  private readonly index: SkillIndex;
  private readonly affinity = new Affinity();

  constructor(
    private readonly config: RoutingConfig,
    private readonly registry: RegistryService,
    private readonly policy: Policy,
  ) {
    const newPool = () => (config.strategy === 'round_robin' ? new RoundRobinPool() : new LeastLoadPool());
    this.index = new SkillIndex(newPool);
    registry.observe({
      joined: (agent) => this.index.add(agent),
      left: (agent) => this.index.remove(agent),
      cardChanged: (agent, before) => {
        this.index.remove(agent, before);
        this.index.add(agent);
      },
    });
  }

  /** The agent for a task, at a cost that does not depend on how many there are. Takes no slot. */
  choose(request: RouteRequest): Route {
    if (request.pinnedAgent !== null) return this.choosePinned(request, request.pinnedAgent);
    const pool = this.index.pool(request.scope, request.skill);
    if (!pool) return this.decide(undefined, 0, 0, 'no online agent has the skill');
    const kept = this.keptByContext(request);
    if (kept) return this.decide(kept, pool.size, pool.available, 'the agent of this context');
    const agent = pool.pick();
    return this.decide(agent, pool.size, pool.available, agent ? this.reason() : 'all agents are busy');
  }

  /** A task goes back to the agent that asked its caller. Takes no slot. */
  keep(agent: Agent): RoutingDecision {
    return this.decide(agent, 1, 1, 'the agent that asked').decision;
  }

  /** To be told when a task of a context has been given to an agent. */
  remember(request: RouteRequest, agent: Agent): void {
    if (request.contextId !== null) this.affinity.remember(request.scope, request.contextId, agent.ref);
  }

  /** What `choose` would do now, with all candidates; changes nothing. */
  explain(caller: Principal, request: RouteRequest): RoutingExplanation {
    this.policy.requireRight(caller, 'read');
    const scope = this.policy.namespaceFor(caller, request.scope ?? undefined);
    const { decision } = this.choose({ ...request, scope });
    return { skill: request.skill, ...decision, agents: this.candidates({ ...request, scope }) };
  }

  private choosePinned(request: RouteRequest, name: AgentName): Route {
    const named = this.registry.named(name, request.scope).filter((agent) => agent.hasSkill(request.skill));
    const free = named.filter((agent) => agent.hasRoom);
    const agent = free.sort((a, b) => a.load / a.card.maxConcurrency - b.load / b.card.maxConcurrency)[0];
    if (named.length === 0)
      return this.decide(undefined, 0, 0, 'the agent asked for is not online with this skill');
    return this.decide(
      agent,
      named.length,
      free.length,
      agent ? 'the agent asked for' : 'the agent asked for is busy',
    );
  }

  private keptByContext(request: RouteRequest): Agent | undefined {
    if (this.config.strategy !== 'affinity' || request.contextId === null) return undefined;
    const ref = this.affinity.recall(request.scope, request.contextId);
    const agent = ref && this.registry.find(ref);
    return agent?.hasRoom && agent.hasSkill(request.skill) ? agent : undefined;
  }

  private reason(): string {
    return this.config.strategy === 'round_robin' ? 'next in turn' : 'lowest load for its capacity';
  }

  private decide(agent: Agent | undefined, candidates: number, available: number, reason: string): Route {
    const base = { strategy: this.config.strategy, reason, candidates, available };
    if (!agent) return { agent, decision: { ...base, chosen: null } };
    const { load, card } = agent;
    return { agent, decision: { ...base, chosen: card.name, load, max_concurrency: card.maxConcurrency } };
  }

  private candidates(request: RouteRequest): Candidate[] {
    const found: Candidate[] = [];
    for (const agent of this.registry.all()) {
      if (request.scope !== null && agent.namespace !== request.scope) continue;
      if (request.pinnedAgent !== null && agent.card.name !== request.pinnedAgent) continue;
      if (agent.hasSkill(request.skill)) found.push(candidate(agent));
    }
    return found.sort((a, b) => a.load / a.max_concurrency - b.load / b.max_concurrency).slice(0, MAX_SHOWN);
  }
}

const candidate = (agent: Agent): Candidate => ({
  agent_id: agent.card.name,
  namespace: agent.namespace,
  load: agent.load,
  max_concurrency: agent.card.maxConcurrency,
  available: agent.hasRoom,
});
