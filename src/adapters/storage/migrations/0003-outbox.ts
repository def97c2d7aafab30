import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/** What has to go out, how the tries went, and who follows which task. */
export async function up(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const words = WORDS[dialect];
  await deliveries(db, words);
  await requests(db, words);
  await attempts(db, words);
  await followers(db, words);
}

const WORDS = {
  sqlite: { keyed: sql`without rowid`, bigint: 'integer', counted: 'integer' },
  postgres: { keyed: sql``, bigint: 'bigint', counted: 'bigserial' },
} as const;
type Words = (typeof WORDS)[Dialect];

/** Changed at every try, so what is large and stays the same is in a table of its own. */
async function deliveries(db: Kysely<Schema>, { bigint, counted }: Words): Promise<void> {
  await db.schema
    .createTable('deliveries')
    .addColumn('position', counted, (c) => c.primaryKey())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('endpoint', 'text', (c) => c.notNull())
    .addColumn('task_id', 'text')
    .addColumn('message_id', 'text')
    .addColumn('order_key', 'text')
    .addColumn('policy', 'text')
    .addColumn('extra', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('error', 'text')
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('due_at', bigint, (c) => c.notNull())
    .addColumn('expires_at', bigint, (c) => c.notNull())
    .addColumn('ended_at', bigint)
    .execute();
  await deliveryIndexes(db);
}

async function deliveryIndexes(db: Kysely<Schema>): Promise<void> {
  const index = (name: string) => db.schema.createIndex(name).on('deliveries');
  const ended = sql.ref('ended_at');
  await index('deliveries_by_id').unique().column('id').execute();
  await index('deliveries_open')
    .columns(['endpoint', 'state', 'due_at', 'position'])
    .where(ended, 'is', null)
    .execute();
  await index('deliveries_by_order')
    .columns(['order_key', 'position'])
    .where(ended, 'is', null)
    .where(sql.ref('order_key'), 'is not', null)
    .execute();
  await index('deliveries_ended').column('ended_at').where(ended, 'is not', null).execute();
  await index('deliveries_by_namespace').columns(['namespace', 'position']).execute();
  await index('deliveries_dead')
    .columns(['namespace', 'position'])
    .where(sql.ref('state'), '=', sql.lit('dead'))
    .execute();
}

async function requests(db: Kysely<Schema>, { keyed }: Words): Promise<void> {
  await db.schema
    .createTable('delivery_requests')
    .addColumn('delivery_id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('request', 'text', (c) => c.notNull())
    .modifyEnd(keyed)
    .execute();
}

async function attempts(db: Kysely<Schema>, { bigint, counted }: Words): Promise<void> {
  await db.schema
    .createTable('delivery_attempts')
    .addColumn('position', counted, (c) => c.primaryKey())
    .addColumn('delivery_id', 'text', (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addColumn('ms', 'integer', (c) => c.notNull())
    .addColumn('status', 'integer')
    .addColumn('error', 'text')
    .execute();
  await db.schema
    .createIndex('delivery_attempts_by_delivery')
    .on('delivery_attempts')
    .columns(['delivery_id', 'position'])
    .execute();
}

async function followers(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('task_followers')
    .addColumn('task_id', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('config', 'text', (c) => c.notNull())
    .addColumn('next_seq', 'integer', (c) => c.notNull())
    .addColumn('done', 'integer', (c) => c.notNull())
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('task_followers_key', ['task_id', 'id'])
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createIndex('task_followers_open')
    .on('task_followers')
    .columns(['task_id', 'id'])
    .where(sql.ref('done'), '=', sql.lit(0))
    .execute();
}
