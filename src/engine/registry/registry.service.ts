import { Injectable } from '@nestjs/common';
import type { AgentCard, AgentView } from '../../core/agent.js';
import { QuotasConfig } from '../../config/quotas.config.js';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { agentKey, type AgentName, type AgentRef, type Namespace } from '../../core/ids.js';
import { Quota } from '../../core/quota.js';
import type { Principal } from '../../core/principal.js';
import { Policy } from '../auth/policy.js';
import { Agent } from './agent.js';
import type { AgentConnection, CloseReason } from './agent-connection.js';

/** Why an agent is gone: the gateway closed it, or its connection ended. */
export type LeaveReason = CloseReason | 'disconnected';

/** Who wants to know what changes in the registry; called in the order of subscription, at once. */
export interface RegistryObserver {
  joined?(agent: Agent): void;
  left?(agent: Agent, reason: LeaveReason): void;
  /** `before` is the card that counted until now. */
  cardChanged?(agent: Agent, before: AgentCard): void;
  loadChanged?(agent: Agent, before: number): void;
}

/** Who is here: one entry per (namespace, name), with its card, load and last sign of life. */
@Injectable()
export class RegistryService {
  private readonly agents = new Map<string, Agent>();
  private readonly byName = new Map<AgentName, Agent[]>();
  private readonly observers: RegistryObserver[] = [];
  private readonly others: (() => Iterable<AgentView>)[] = [];
  private readonly quota: Quota;

  constructor(
    private readonly clock: Clock,
    private readonly policy: Policy,
    quotas: QuotasConfig = new QuotasConfig(),
  ) {
    this.quota = new Quota('agents online', quotas.agents);
  }

  observe(observer: RegistryObserver): void {
    this.observers.push(observer);
  }

  /**
   * Takes an agent in. The newest connection with the same credentials wins; the older one is closed as `replaced`.
   * @throws GatewayError FORBIDDEN when the credentials do not grant this name, or another holder of the name is online;
   *   RATE_LIMITED (quota).
   */
  admit(connection: AgentConnection, card: AgentCard, namespace: Namespace): Agent {
    const ref: AgentRef = { namespace, name: card.name };
    this.policy.mayRegister(connection.principal, ref);
    const current = this.find(ref);
    this.assertFree(ref, connection.principal);
    if (current) this.makeWay(current);
    this.quota.take(namespace);
    const agent = new Agent(card, namespace, connection, this.clock.now());
    this.agents.set(agent.key, agent);
    this.byName.set(card.name, [...(this.byName.get(card.name) ?? []), agent]);
    for (const observer of this.observers) observer.joined?.(agent);
    return agent;
  }

  /** @throws GatewayError FORBIDDEN when an agent of that name is online with other credentials */
  assertFree(ref: AgentRef, newcomer: Principal): void {
    const current = this.find(ref);
    if (!current || current.connection.principal.id === newcomer.id) return;
    throw new GatewayError(
      'FORBIDDEN',
      `card.name: "${ref.name}" is online in namespace "${ref.namespace}" with other credentials`,
    );
  }

  /** @throws GatewayError RATE_LIMITED when this agent is not here and the namespace has no room for one more */
  assertRoom(ref: AgentRef): void {
    if (!this.find(ref)) this.quota.assertRoom(ref.namespace);
  }

  /** Replaces the card of an agent that registered again on its own connection. */
  amend(agent: Agent, card: AgentCard): void {
    const before = agent.card;
    agent.card = card;
    for (const observer of this.observers) observer.cardChanged?.(agent, before);
  }

  /** Takes an agent out. An entry that has been replaced in the meantime stays: identity counts, not the name. */
  remove(agent: Agent, reason: LeaveReason): void {
    if (this.agents.get(agent.key) !== agent) return;
    this.agents.delete(agent.key);
    this.quota.release(agent.namespace);
    const others = (this.byName.get(agent.card.name) ?? []).filter((other) => other !== agent);
    if (others.length > 0) this.byName.set(agent.card.name, others);
    else this.byName.delete(agent.card.name);
    for (const observer of this.observers) observer.left?.(agent, reason);
  }

  isCurrent(agent: Agent): boolean {
    return this.agents.get(agent.key) === agent;
  }

  find(ref: AgentRef): Agent | undefined {
    return this.agents.get(agentKey(ref));
  }

  /** Agents of that name, in one namespace or (scope null) in all. */
  named(name: AgentName, scope: Namespace | null): readonly Agent[] {
    const agents = this.byName.get(name) ?? [];
    return scope === null ? agents : agents.filter((agent) => agent.namespace === scope);
  }

  /** A sign of life. */
  touch(agent: Agent): void {
    agent.lastSeen = this.clock.now();
  }

  /** Takes one of the agent's slots. */
  reserve(agent: Agent): void {
    this.changeLoad(agent, 1);
  }

  /** Gives a slot back. */
  release(agent: Agent): void {
    this.changeLoad(agent, -1);
  }

  /** Every agent online, for the engine itself. */
  all(): Iterable<Agent> {
    return this.agents.values();
  }

  get size(): number {
    return this.agents.size;
  }

  /** Agents that are known and not online now are listed, too. */
  alsoList(offline: () => Iterable<AgentView>): void {
    this.others.push(offline);
  }

  /** The agents that the caller may see. */
  list(caller: Principal): AgentView[] {
    const views: AgentView[] = [];
    for (const agent of this.agents.values())
      if (this.policy.canSee(caller, agent.namespace)) views.push(agent.view());
    for (const offline of this.others)
      for (const view of offline()) if (this.policy.canSee(caller, view.namespace)) views.push(view);
    return views;
  }

  private makeWay(current: Agent): void {
    this.remove(current, 'replaced');
    current.connection.close('replaced');
  }

  private changeLoad(agent: Agent, by: 1 | -1): void {
    const before = agent.load;
    agent.load += by;
    for (const placement of agent.placements) placement.reorder();
    for (const observer of this.observers) observer.loadChanged?.(agent, before);
  }
}
