import type { AgentRef, Namespace } from '../../core/ids.js';
import type { NewDeliveryRecord } from '../messages/outbox.store.js';
import type { InboxMessage, Lease, MessageChange, MessageRecord } from '../../core/message-record.js';

export interface ConversationPage {
  /** Oldest first. */
  readonly messages: readonly MessageRecord[];
  /** Id of the last one when there are more. */
  readonly nextCursor: string | null;
}

export interface Post {
  /** Messages that go by the outbox. */
  readonly queued: readonly MessageRecord[];
  /** Messages for the inboxes of their receivers. */
  readonly laidIn: readonly MessageRecord[];
  readonly deliveries: readonly NewDeliveryRecord[];
}

/**
 * Port: messages between agents, and the inboxes of those that pull.
 *
 * A promise of a write resolves when the write is on disk. `put`, `post`, `lease` and `acknowledge` reject with
 * STORAGE_UNAVAILABLE while the storage refuses writes; `note` and `change` are kept and done, in order, once it is back.
 */
export abstract class MessageStore {
  /** Records a message that has been delivered, or not. */
  abstract note(record: MessageRecord): Promise<void>;
  /** Records a message and lays it into the receiver's inbox, or neither. */
  abstract put(record: MessageRecord): Promise<void>;
  /** What goes out of one act: records, messages for inboxes, deliveries for the outbox; all of it or nothing. */
  abstract post(post: Post): Promise<void>;
  abstract change(id: string, change: MessageChange): Promise<void>;
  abstract get(id: string): Promise<MessageRecord | undefined>;
  /** The messages of a conversation after `cursor`; `namespace` null: of all. */
  abstract conversation(
    namespace: Namespace | null,
    conversationId: string,
    cursor: string,
    limit: number,
  ): Promise<ConversationPage>;

  /** Messages that nobody has on lease now, oldest first. */
  abstract waiting(inbox: AgentRef, now: number, limit: number): Promise<readonly InboxMessage[]>;
  abstract lease(lease: Lease): Promise<void>;
  /** Moves the end of the leases of messages that are still in the inbox. */
  abstract extend(inbox: AgentRef, ids: readonly string[], until: number): Promise<void>;
  /** Those of the messages that are still in the inbox. */
  abstract held(inbox: AgentRef, ids: readonly string[]): Promise<readonly string[]>;
  /** Takes messages out of the inbox; whoever sent them sees it. */
  abstract acknowledge(inbox: AgentRef, ids: readonly string[], at: number): Promise<void>;
  /** Messages in an inbox, counted up to `atMost`. */
  abstract backlog(inbox: AgentRef, atMost: number): Promise<number>;

  /** Deletes at most `limit` messages older than a moment, also from inboxes; resolves to how many. */
  abstract purge(before: number, limit: number): Promise<number>;
  /** False while writes are refused. */
  abstract readonly available: boolean;
}
