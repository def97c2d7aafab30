import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/** Agents that the gateway calls: their registrations, the tasks they work on, the conversations they know. */
export async function up(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const bigint = dialect === 'sqlite' ? 'integer' : 'bigint';
  const keyed = dialect === 'sqlite' ? sql`without rowid` : sql``;
  await db.schema
    .createTable('remote_agents')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('card_url', 'text', (c) => c.notNull())
    .addColumn('found_at', 'text', (c) => c.notNull())
    .addColumn('card', 'text', (c) => c.notNull())
    .addColumn('etag', 'text')
    .addColumn('signature', 'text', (c) => c.notNull())
    .addColumn('max_concurrency', 'integer', (c) => c.notNull())
    .addColumn('streaming', 'integer')
    .addColumn('auth', 'text')
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('remote_agents_key', ['namespace', 'name'])
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createTable('remote_runs')
    .addColumn('task_id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('remote_task_id', 'text', (c) => c.notNull())
    .addColumn('remote_context_id', 'text', (c) => c.notNull())
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createTable('remote_contexts')
    .addColumn('caller_namespace', 'text', (c) => c.notNull())
    .addColumn('context_id', 'text', (c) => c.notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('remote_context_id', 'text', (c) => c.notNull())
    .addColumn('used_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('remote_contexts_key', ['caller_namespace', 'context_id', 'namespace', 'name'])
    .modifyEnd(keyed)
    .execute();
  await db.schema.createIndex('remote_contexts_by_use').on('remote_contexts').column('used_at').execute();
}
