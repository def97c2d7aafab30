import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/**
 * Tasks and their logs; the first entry of a log carries the input. Task ids are time-ordered, so all inserts go to the
 * right edge of each tree.
 */
export async function up(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const words = WORDS[dialect];
  await tasks(db, words);
  await taskEvents(db, words);
  await submissions(db, words);
  await storageProbe(db, words);
}

/** On SQLite the primary key is the table itself (WITHOUT ROWID): one tree to write instead of two. */
const WORDS = {
  sqlite: { keyed: sql`without rowid`, bigint: 'integer' },
  postgres: { keyed: sql``, bigint: 'bigint' },
} as const;
type Words = (typeof WORDS)[Dialect];

async function tasks(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('tasks')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('scope', 'text')
    .addColumn('skill', 'text', (c) => c.notNull())
    .addColumn('pinned_agent', 'text')
    .addColumn('context_id', 'text')
    .addColumn('priority', 'text', (c) => c.notNull())
    .addColumn('timeout_ms', 'integer', (c) => c.notNull())
    .addColumn('idempotent', 'integer', (c) => c.notNull())
    .addColumn('created_by', 'text')
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('seq', 'integer', (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull())
    .addColumn('agent_namespace', 'text')
    .addColumn('agent_name', 'text')
    .addColumn('agent_principal', 'text')
    .addColumn('progress', 'text')
    .addColumn('error', 'text')
    .addColumn('routing', 'text')
    .addColumn('late_result', 'text')
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .addColumn('ended_at', bigint)
    .addColumn('deadline_at', bigint)
    .modifyEnd(keyed)
    .execute();
  await db.schema.createIndex('tasks_by_namespace').on('tasks').columns(['namespace', 'id']).execute();
  await db.schema
    .createIndex('tasks_open')
    .on('tasks')
    .column('id')
    .where(sql.ref('ended_at'), 'is', null)
    .execute();
  await db.schema
    .createIndex('tasks_by_context')
    .on('tasks')
    .columns(['namespace', 'context_id', 'id'])
    .where(sql.ref('context_id'), 'is not', null)
    .execute();
}

async function taskEvents(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('task_events')
    .addColumn('task_id', 'text', (c) => c.notNull())
    .addColumn('seq', 'integer', (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('input', 'text')
    .addPrimaryKeyConstraint('task_events_key', ['task_id', 'seq'])
    .modifyEnd(keyed)
    .execute();
}

async function submissions(db: Kysely<Schema>, { keyed }: Words): Promise<void> {
  await db.schema
    .createTable('submissions')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('task_id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('submissions_key', ['namespace', 'key'])
    .modifyEnd(keyed)
    .execute();
  await db.schema.createIndex('submissions_by_task').on('submissions').column('task_id').execute();
}

async function storageProbe(db: Kysely<Schema>, { bigint }: Words): Promise<void> {
  await db.schema
    .createTable('storage_probe')
    .addColumn('at', bigint, (c) => c.notNull())
    .execute();
  await db.insertInto('storage_probe').values({ at: 0 }).execute();
}
