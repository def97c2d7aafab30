import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/** Agents without a lasting connection, the messages between agents, inboxes of those that pull, topics. */
export async function up(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const words = WORDS[dialect];
  await members(db, words);
  await messages(db, words);
  await inbox(db, words);
  await topics(db, words);
}

/** On SQLite the primary key is the table itself (WITHOUT ROWID): one tree to write instead of two. */
const WORDS = {
  sqlite: { keyed: sql`without rowid`, bigint: 'integer' },
  postgres: { keyed: sql``, bigint: 'bigint' },
} as const;
type Words = (typeof WORDS)[Dialect];

async function members(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('members')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('type', 'text')
    .addColumn('capabilities', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('metadata', 'text', (c) => c.notNull())
    .addColumn('max_concurrency', 'integer', (c) => c.notNull())
    .addColumn('delivery', 'text', (c) => c.notNull())
    .addColumn('webhook_url', 'text')
    .addColumn('secrets', 'text', (c) => c.notNull())
    .addColumn('owner_id', 'text', (c) => c.notNull())
    .addColumn('owner_namespace', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('registered_at', bigint, (c) => c.notNull())
    .addColumn('last_heartbeat', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('members_key', ['namespace', 'name'])
    .modifyEnd(keyed)
    .execute();
}

async function messages(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('messages')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('conversation_id', 'text', (c) => c.notNull())
    .addColumn('from_agent', 'text', (c) => c.notNull())
    .addColumn('to_agent', 'text', (c) => c.notNull())
    .addColumn('content', 'text', (c) => c.notNull())
    .addColumn('metadata', 'text', (c) => c.notNull())
    .addColumn('sent_at', bigint, (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('error', 'text')
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('sent_by', 'text')
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createIndex('messages_by_conversation')
    .on('messages')
    .columns(['conversation_id', 'namespace', 'id'])
    .execute();
}

async function inbox(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('inbox')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('agent', 'text', (c) => c.notNull())
    .addColumn('message_id', 'text', (c) => c.notNull())
    .addColumn('lease_id', 'text')
    .addColumn('lease_until', bigint)
    .addPrimaryKeyConstraint('inbox_key', ['namespace', 'agent', 'message_id'])
    .modifyEnd(keyed)
    .execute();
}

async function topics(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('topics')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('topic', 'text', (c) => c.notNull())
    .addColumn('seq', bigint, (c) => c.notNull())
    .addColumn('retained', 'text')
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('topics_key', ['namespace', 'topic'])
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createTable('topic_subscriptions')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('topic', 'text', (c) => c.notNull())
    .addColumn('agent', 'text')
    .addColumn('webhook_url', 'text')
    .addColumn('secret', 'text')
    .addColumn('created_by', 'text')
    .addColumn('created_at', bigint, (c) => c.notNull())
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createIndex('topic_subscriptions_by_topic')
    .on('topic_subscriptions')
    .columns(['namespace', 'topic', 'id'])
    .execute();
}
