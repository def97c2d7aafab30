import type { AgentCard } from './agent.js';
import type { AgentRef, Namespace } from './ids.js';
import type { JsonObject } from './json.js';
import type { Principal } from './principal.js';

/** How messages and tasks get to a member: the gateway posts to its URL, or the member asks for them. */
export type Delivery = 'webhook' | 'pull';

/**
 * `online`: has given a sign of life within the heartbeat timeout; `offline`: has not; `disabled`: its endpoint said 410,
 * so nothing is sent until it registers again; `unregistered`: has said goodbye.
 */
export const MEMBER_STATES = ['online', 'offline', 'disabled', 'unregistered'] as const;
export type MemberState = (typeof MEMBER_STATES)[number];

/** A signing secret, sealed; `until`: the moment at which a rotated one ends, null for the current one. */
export interface MemberSecret {
  readonly sealed: string;
  readonly until: number | null;
}

/** The credentials that registered a member: what it holds and reports counts as theirs. */
export interface MemberOwner {
  readonly id: string;
  readonly namespace: Namespace | null;
}

/** What an agent without a lasting connection says about itself when it registers (seed 001, Agent Card). */
export interface MemberCard {
  /** For people; the id is `ref.name`. */
  readonly displayName: string;
  readonly type: string | null;
  readonly capabilities: readonly string[];
  readonly description: string;
  readonly metadata: JsonObject;
  readonly maxConcurrency: number;
  readonly delivery: Delivery;
  /** Null for a member that pulls. */
  readonly webhookUrl: string | null;
}

/** The durable record of an agent that has no lasting connection. Times are milliseconds since the epoch. */
export interface Member extends MemberCard {
  readonly ref: AgentRef;
  readonly owner: MemberOwner;
  /** Newest first; empty for a member that pulls. */
  readonly secrets: readonly MemberSecret[];
  readonly state: MemberState;
  readonly registeredAt: number;
  readonly lastHeartbeat: number;
}

/** As the rest of the gateway knows it: its capabilities are its skills. */
export const cardOf = (member: Member): AgentCard => ({
  name: member.ref.name,
  version: versionOf(member.metadata),
  description: member.description,
  skills: member.capabilities.map((id) => ({ id, name: id, description: '', tags: [] })),
  maxConcurrency: member.maxConcurrency,
});

const versionOf = ({ version }: JsonObject): string =>
  typeof version === 'string' && version.length <= 128 ? version : '1.0.0';

/** The principal that a member's connection has, also after a restart: it may be this one agent, and nothing else. */
export const principalOf = ({ owner, ref }: Member): Principal => ({
  ...owner,
  rights: new Set(),
  grants: [ref],
});
