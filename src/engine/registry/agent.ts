import type { AgentCard, AgentView } from '../../core/agent.js';
import { agentKey, type AgentRef, type Namespace } from '../../core/ids.js';
import type { AgentConnection } from './agent-connection.js';

/** A place in somebody's order of agents; moves when the agent's load has changed. */
export interface Placement {
  reorder(): void;
}

/** An agent that is here now: its card, its connection and how busy it is. Only the registry changes it. */
export class Agent {
  readonly ref: AgentRef;
  readonly key: string;
  /** Tasks that it holds. */
  load = 0;
  lastSeen: number;
  /** Where routing keeps it: on the agent itself, because a look-up per change would cost a cache miss each. */
  placements: readonly Placement[] = [];

  constructor(
    public card: AgentCard,
    readonly namespace: Namespace,
    readonly connection: AgentConnection,
    readonly connectedAt: number,
  ) {
    this.ref = { namespace, name: card.name };
    this.key = agentKey(this.ref);
    this.lastSeen = connectedAt;
  }

  get hasRoom(): boolean {
    return this.load < this.card.maxConcurrency;
  }

  hasSkill(skill: string): boolean {
    return this.card.skills.some((offered) => offered.id === skill);
  }

  view(): AgentView {
    return {
      card: this.card,
      namespace: this.namespace,
      kind: this.connection.kind,
      load: this.load,
      status: 'online',
      connectedAt: this.connectedAt,
      lastSeen: this.lastSeen,
    };
  }
}
