import type { AgentName, IdSource } from './ids.js';
import type { JsonObject } from './json.js';

/** `msg-` and 32 hex digits; later ids sort after earlier ones. */
export type MessageId = `msg-${string}`;

/** What one agent says to another (seed 001). Content blocks of any type pass through unread. */
export interface AgentMessage {
  readonly id: MessageId;
  readonly conversationId: string;
  readonly from: AgentName;
  readonly content: readonly JsonObject[];
  readonly metadata: JsonObject;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * `queued`: on its way, with retries; `sent`: the receiver has taken it (for one that pulls: it is in its inbox);
 * `acknowledged`: it was pulled and acknowledged; `failed`: sent once, not taken; `dead`: every attempt has failed.
 */
export const MESSAGE_STATES = ['queued', 'sent', 'acknowledged', 'failed', 'dead'] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** The random part is that of a task id: time-ordered, so that stores append and conversations page by id. */
export const newMessageId = (ids: IdSource): MessageId => `msg-${ids.taskId().slice(2)}`;
export const newConversationId = (ids: IdSource): string => `conv-${ids.taskId().slice(2)}`;

const MESSAGE_ID = /^msg-[0-9a-f]{32}$/;
export const isMessageId = (value: string): value is MessageId => MESSAGE_ID.test(value);
