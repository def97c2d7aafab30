import type { AgentRef, Namespace } from '../../../core/ids.js';
import type { InboxMessage, Lease, MessageChange, MessageRecord } from '../../../core/message-record.js';
import { MessageStore, type ConversationPage, type Post } from '../../../engine/mail/message.store.js';
import {
  firstMessageAt,
  inboxKey,
  inboxSlot,
  messageStatements,
  toMessageChange,
  toMessageRecord,
  toMessageRow,
} from '../message-statements.js';
import type { MessageRow } from '../mail-schema.js';
import type { Op } from './protocol.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { deliveryOps } from './sqlite-outbox.store.js';
import { builder, op, statements } from './statements.js';

const STATEMENTS = statements(messageStatements);

function inboxOps(record: MessageRecord): Op[] {
  const slot = inboxSlot({ namespace: record.namespace, name: record.to }, record.id);
  return [
    op(STATEMENTS.insertMessage, toMessageRow(record)),
    op(STATEMENTS.insertInbox, { ...slot, lease_id: null, lease_until: null }),
  ];
}

/** Everything that a post writes, as part of a write. */
export const postOps = ({ queued, laidIn, deliveries }: Post): Op[] => [
  ...queued.map((record) => op(STATEMENTS.insertMessage, toMessageRow(record))),
  ...laidIn.flatMap(inboxOps),
  ...deliveryOps(deliveries),
];

/** Messages and inboxes in the gateway's SQLite file. */
export class SqliteMessageStore extends MessageStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override get available(): boolean {
    return this.database.available;
  }

  override note(record: MessageRecord): Promise<void> {
    return this.database.write([op(STATEMENTS.insertMessage, toMessageRow(record))], false);
  }

  override put(record: MessageRecord): Promise<void> {
    return this.database.write(inboxOps(record), true);
  }

  override post(post: Post): Promise<void> {
    return this.database.write(postOps(post), true);
  }

  override change(id: string, change: MessageChange): Promise<void> {
    return this.database.write([op(STATEMENTS.changeMessage, toMessageChange(id, change))], false);
  }

  override async get(id: string): Promise<MessageRecord | undefined> {
    const row = await this.database.one<MessageRow, { id: string }>(STATEMENTS.message, { id });
    return row && toMessageRecord(row);
  }

  override async conversation(
    namespace: Namespace | null,
    conversationId: string,
    cursor: string,
    limit: number,
  ): Promise<ConversationPage> {
    let query = builder
      .selectFrom('messages')
      .selectAll()
      .where('conversation_id', '=', conversationId)
      .where('id', '>', cursor)
      .orderBy('id')
      .limit(limit + 1);
    if (namespace !== null) query = query.where('namespace', '=', namespace);
    const rows = await this.database.scan<MessageRow>(query.compile());
    const messages = rows.slice(0, limit).map(toMessageRecord);
    return { messages, nextCursor: rows.length > limit ? (messages.at(-1)?.id ?? null) : null };
  }

  override async waiting(inbox: AgentRef, now: number, limit: number): Promise<readonly InboxMessage[]> {
    const values = { ...inboxKey(inbox), now, limit };
    const rows = await this.database.all<MessageRow, typeof values>(STATEMENTS.waiting, values);
    return rows.map((row) => ({ message: toMessageRecord(row), handedOut: row.attempts }));
  }

  override lease({ inbox, ids, leaseId, until }: Lease): Promise<void> {
    const given = { lease_id: leaseId, lease_until: until };
    const ops = ids.flatMap((id) => [
      op(STATEMENTS.lease, { ...inboxSlot(inbox, id), ...given }),
      op(STATEMENTS.handedOut, { id }),
    ]);
    return this.database.write(ops, true);
  }

  override extend(inbox: AgentRef, ids: readonly string[], until: number): Promise<void> {
    const ops = ids.map((id) => op(STATEMENTS.extend, { ...inboxSlot(inbox, id), lease_until: until }));
    return this.database.write(ops, true);
  }

  override async held(inbox: AgentRef, ids: readonly string[]): Promise<readonly string[]> {
    const found = await Promise.all(
      ids.map((id) =>
        this.database.one<{ message_id: string }, object>(STATEMENTS.inInbox, inboxSlot(inbox, id)),
      ),
    );
    return found.flatMap((row) => (row ? [row.message_id] : []));
  }

  override acknowledge(inbox: AgentRef, ids: readonly string[], at: number): Promise<void> {
    const ops = ids.flatMap((id): Op[] => [
      op(STATEMENTS.deleteInbox, inboxSlot(inbox, id)),
      op(STATEMENTS.acknowledged, { id, updated_at: at }),
    ]);
    return this.database.write(ops, true);
  }

  override async backlog(inbox: AgentRef, atMost: number): Promise<number> {
    const values = { ...inboxKey(inbox), limit: atMost };
    const row = await this.database.one<{ count: number }, typeof values>(STATEMENTS.backlog, values);
    return row?.count ?? 0;
  }

  override async purge(before: number, limit: number): Promise<number> {
    const values = { before_id: firstMessageAt(before), limit };
    const rows = await this.database.all<Pick<MessageRow, 'id' | 'namespace' | 'to_agent'>, typeof values>(
      STATEMENTS.oldMessages,
      values,
    );
    const ops = rows.flatMap(({ id, namespace, to_agent: agent }): Op[] => [
      op(STATEMENTS.deleteMessage, { id }),
      op(STATEMENTS.deleteInbox, { namespace, agent, message_id: id }),
    ]);
    if (ops.length > 0) await this.database.write(ops, true);
    return rows.length;
  }
}
