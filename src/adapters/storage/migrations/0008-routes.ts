import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/** The data model of seed 004, 3.4.1, once per namespace; the types stand beside the JSON for those who look for them. */
export async function up(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const bigint = dialect === 'sqlite' ? 'integer' : 'bigint';
  const atMost = (column: string, length: number) =>
    sql<boolean>`length(${sql.ref(column)}) <= ${sql.lit(length)}`;
  await db.schema
    .createTable('routes')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('route_id', 'text', (c) => c.notNull().check(atMost('route_id', 36)))
    .addColumn('name', 'text', (c) => c.notNull().check(atMost('name', 255)))
    .addColumn('description', 'text', (c) => c.check(atMost('description', 1024)))
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('destination', 'text', (c) => c.notNull())
    .addColumn('source_type', 'text', (c) => c.notNull())
    .addColumn('destination_type', 'text', (c) => c.notNull())
    .addColumn('priority', 'integer', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('routes_key', ['namespace', 'route_id'])
    .modifyEnd(dialect === 'sqlite' ? sql`without rowid` : sql``)
    .execute();
  await db.schema
    .createIndex('routes_by_age')
    .on('routes')
    .columns(['namespace', 'created_at', 'route_id'])
    .execute();
}
