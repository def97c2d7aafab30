import type { Kysely } from 'kysely';
import type { MessageId } from '../../core/agent-message.js';
import type { AgentName, AgentRef, Namespace } from '../../core/ids.js';
import type { MessageChange, MessageRecord } from '../../core/message-record.js';
import { param, placeholders, Prepared } from './prepared.js';
import type { InboxRow, MessageRow } from './mail-schema.js';
import type { Schema } from './schema.js';

type Id = Pick<MessageRow, 'id'>;
type Slot = Pick<InboxRow, 'namespace' | 'agent' | 'message_id'>;

// prettier-ignore
const COLUMNS: readonly (keyof MessageRow)[] = [
  'id', 'namespace', 'conversation_id', 'from_agent', 'to_agent', 'content', 'metadata', 'sent_at', 'state', 'error', 'attempts',
  'sent_by', 'updated_at',
];

/** Every statement of the message store, compiled once for a dialect. */
export const messageStatements = (db: Kysely<Schema>) => ({ ...messages(db), ...inbox(db), ...leases(db) });

function messages(db: Kysely<Schema>) {
  return {
    insertMessage: new Prepared<MessageRow>(
      db.insertInto('messages').values(placeholders<MessageRow>(...COLUMNS)),
    ),
    message: new Prepared<Id>(db.selectFrom('messages').selectAll().where('id', '=', param<string>('id'))),
    changeMessage: new Prepared<Id & Pick<MessageRow, 'state' | 'error' | 'attempts' | 'updated_at'>>(
      db
        .updateTable('messages')
        .set(
          placeholders<Pick<MessageRow, 'state' | 'error' | 'attempts' | 'updated_at'>>(
            'state',
            'error',
            'attempts',
            'updated_at',
          ),
        )
        .where('id', '=', param<string>('id')),
    ),
    acknowledged: new Prepared<Id & Pick<MessageRow, 'updated_at'>>(
      db
        .updateTable('messages')
        .set({ state: 'acknowledged', updated_at: param('updated_at') })
        .where('id', '=', param<string>('id')),
    ),
    handedOut: new Prepared<Id>(
      db
        .updateTable('messages')
        .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
        .where('id', '=', param<string>('id')),
    ),
    deleteMessage: new Prepared<Id>(db.deleteFrom('messages').where('id', '=', param<string>('id'))),
    /** Ids are time-ordered. */
    oldMessages: new Prepared<{ before_id: string; limit: number }>(
      db
        .selectFrom('messages')
        .select(['id', 'namespace', 'to_agent'])
        .where('id', '<', param<string>('before_id'))
        .where('state', '!=', 'queued')
        .orderBy('id')
        .limit(param<number>('limit')),
    ),
  };
}

function inbox(db: Kysely<Schema>) {
  return {
    insertInbox: new Prepared<InboxRow>(
      db
        .insertInto('inbox')
        .values(placeholders<InboxRow>('namespace', 'agent', 'message_id', 'lease_id', 'lease_until')),
    ),
    deleteInbox: new Prepared<Slot>(
      db
        .deleteFrom('inbox')
        .where('namespace', '=', param<string>('namespace'))
        .where('agent', '=', param<string>('agent'))
        .where('message_id', '=', param<string>('message_id')),
    ),
    inInbox: new Prepared<Slot>(
      db
        .selectFrom('inbox')
        .select('message_id')
        .where('namespace', '=', param<string>('namespace'))
        .where('agent', '=', param<string>('agent'))
        .where('message_id', '=', param<string>('message_id')),
    ),
    backlog: new Prepared<Pick<InboxRow, 'namespace' | 'agent'> & { limit: number }>(
      db
        .selectFrom(
          db
            .selectFrom('inbox')
            .select('message_id')
            .where('namespace', '=', param<string>('namespace'))
            .where('agent', '=', param<string>('agent'))
            .limit(param<number>('limit'))
            .as('some'),
        )
        .select((eb) => eb.fn.countAll<number>().as('count')),
    ),
  };
}

function leases(db: Kysely<Schema>) {
  return {
    /** Messages that nobody has, oldest first. */
    waiting: new Prepared<Pick<InboxRow, 'namespace' | 'agent'> & { now: number; limit: number }>(
      db
        .selectFrom('inbox')
        .innerJoin('messages', 'messages.id', 'inbox.message_id')
        .selectAll('messages')
        .where('inbox.namespace', '=', param<string>('namespace'))
        .where('inbox.agent', '=', param<string>('agent'))
        .where((eb) =>
          eb.or([eb('inbox.lease_until', 'is', null), eb('inbox.lease_until', '<=', param<number>('now'))]),
        )
        .orderBy('inbox.message_id')
        .limit(param<number>('limit')),
    ),
    lease: new Prepared<InboxRow>(
      db
        .updateTable('inbox')
        .set({ lease_id: param('lease_id'), lease_until: param('lease_until') })
        .where('namespace', '=', param<string>('namespace'))
        .where('agent', '=', param<string>('agent'))
        .where('message_id', '=', param<string>('message_id')),
    ),
    extend: new Prepared<Slot & { lease_until: number }>(
      db
        .updateTable('inbox')
        .set({ lease_until: param('lease_until') })
        .where('namespace', '=', param<string>('namespace'))
        .where('agent', '=', param<string>('agent'))
        .where('message_id', '=', param<string>('message_id')),
    ),
  };
}

export const inboxKey = ({ namespace, name }: AgentRef) => ({ namespace, agent: name });
export const inboxSlot = (inbox: AgentRef, messageId: string): Slot => ({
  ...inboxKey(inbox),
  message_id: messageId,
});

export const toMessageRow = (message: MessageRecord): MessageRow => ({
  id: message.id,
  namespace: message.namespace,
  conversation_id: message.conversationId,
  from_agent: message.from,
  to_agent: message.to,
  content: JSON.stringify(message.content),
  metadata: JSON.stringify(message.metadata),
  sent_at: message.at,
  state: message.state,
  error: message.error,
  attempts: message.attempts,
  sent_by: message.sentBy,
  updated_at: message.updatedAt,
});

export const toMessageRecord = (row: MessageRow): MessageRecord => ({
  id: row.id as MessageId,
  namespace: row.namespace as Namespace,
  conversationId: row.conversation_id,
  from: row.from_agent as AgentName,
  to: row.to_agent as AgentName,
  content: JSON.parse(row.content) as MessageRecord['content'],
  metadata: JSON.parse(row.metadata) as MessageRecord['metadata'],
  at: row.sent_at,
  state: row.state,
  error: row.error,
  attempts: row.attempts,
  sentBy: row.sent_by,
  updatedAt: row.updated_at,
});

export const toMessageChange = (id: string, change: MessageChange) => ({
  id,
  state: change.state,
  error: change.error,
  attempts: change.attempts,
  updated_at: change.updatedAt,
});

/** The smallest id that a message sent at `ms` can have. */
export const firstMessageAt = (ms: number): string => `msg-${Math.floor(ms).toString(16).padStart(12, '0')}`;
