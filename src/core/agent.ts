import type { AgentName, Namespace } from './ids.js';
import type { JsonObject } from './json.js';

/** One thing an agent can do (A2A AgentSkill). */
export interface Skill {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** What an agent says about itself when it registers (seed 000 `card`). */
export interface AgentCard {
  /** The agent's id within its namespace. */
  readonly name: AgentName;
  readonly version: string;
  readonly description: string;
  readonly skills: readonly Skill[];
  /** Tasks that the agent works on at the same time, 1 to 10,000. */
  readonly maxConcurrency: number;
  /** Fields of the card that the gateway passes on unread. */
  readonly extra?: JsonObject;
}

export const DEFAULT_MAX_CONCURRENCY = 10;

/** An agent as every API shows it. */
export interface AgentView {
  readonly card: AgentCard;
  readonly namespace: Namespace;
  /** Kind of the connection, e.g. `bot`. */
  readonly kind: string;
  /** Tasks it holds now. */
  readonly load: number;
  /** Agents that connect by themselves are unknown when they are gone; `offline` are those that the gateway calls. */
  readonly status: 'online' | 'offline';
  readonly connectedAt: number;
  /** Last sign of life, milliseconds since the epoch. */
  readonly lastSeen: number;
}
