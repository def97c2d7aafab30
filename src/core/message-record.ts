import type { AgentMessage, MessageState } from './agent-message.js';
import type { AgentName, AgentRef, Namespace } from './ids.js';

/** A message on record. */
export interface MessageRecord extends AgentMessage {
  readonly namespace: Namespace;
  readonly to: AgentName;
  readonly state: MessageState;
  /** Why the newest attempt has failed. */
  readonly error: string | null;
  /** Tries to deliver it so far; for a receiver that pulls: how often it was handed out. */
  readonly attempts: number;
  /** Who sent it (principal id), null without auth. */
  readonly sentBy: string | null;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
}

/** What changes on record. */
export interface MessageChange {
  readonly state: MessageState;
  readonly error: string | null;
  readonly attempts: number;
  readonly updatedAt: number;
}

/** A message in the inbox of an agent that pulls. */
export interface InboxMessage {
  readonly message: AgentMessage;
  /** How often it has been handed out before. */
  readonly handedOut: number;
}

/** Messages are handed out until a moment; what is not acknowledged by then goes to whoever asks next. */
export interface Lease {
  readonly inbox: AgentRef;
  readonly ids: readonly string[];
  readonly leaseId: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}
