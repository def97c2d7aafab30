import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/**
 * The data models of seed 004 (2.4.1, 4.4.1, 4.4.2) with its constraints, once per namespace; devices are resources.
 * Points are kept in the order in which they are asked for: those of one sensor side by side, by time.
 */
export async function up(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const words = WORDS[dialect];
  await resources(db, words);
  await sensors(db, words);
  await twins(db, words);
  await dataPoints(db, words);
}

const WORDS = {
  sqlite: {
    keyed: sql`without rowid`,
    bigint: 'integer',
    double: 'real',
    serial: 'integer',
    /** Numbers are never used again: the data of a removed sensor may still be there. */
    numbered: (c: ColumnDefinitionBuilder) => c.autoIncrement(),
  },
  postgres: {
    keyed: sql``,
    bigint: 'bigint',
    double: 'double precision',
    serial: 'bigserial',
    numbered: (c: ColumnDefinitionBuilder) => c,
  },
} as const;
type Words = (typeof WORDS)[Dialect];

/** As the seed limits its columns. */
const atMost = (column: string, length: number) =>
  sql<boolean>`length(${sql.ref(column)}) <= ${sql.lit(length)}`;

async function resources(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('resources')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('resource_id', 'text', (c) => c.notNull().check(atMost('resource_id', 36)))
    .addColumn('type', 'text', (c) => c.notNull().check(atMost('type', 64)))
    .addColumn('name', 'text', (c) => c.notNull().check(atMost('name', 255)))
    .addColumn('description', 'text', (c) => c.check(atMost('description', 1024)))
    .addColumn('properties', 'text', (c) => c.notNull())
    .addColumn('metadata', 'text', (c) => c.notNull())
    .addColumn('parent_id', 'text')
    .addColumn('status', 'text', (c) => c.notNull().check(atMost('status', 32)))
    .addColumn('device_type', 'text', (c) => c.check(atMost('device_type', 64)))
    .addColumn('device_status', 'text', (c) => c.check(atMost('device_status', 32)))
    .addColumn('agent_id', 'text')
    .addColumn('last_seen', bigint)
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('resources_key', ['namespace', 'resource_id'])
    .addForeignKeyConstraint('resources_parent', ['namespace', 'parent_id'], 'resources', [
      'namespace',
      'resource_id',
    ])
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createIndex('resources_by_parent')
    .on('resources')
    .columns(['namespace', 'parent_id'])
    .execute();
  await db.schema
    .createIndex('resources_by_age')
    .on('resources')
    .columns(['namespace', 'created_at', 'resource_id'])
    .execute();
}

async function sensors(db: Kysely<Schema>, { bigint, serial, numbered, double }: Words): Promise<void> {
  await db.schema
    .createTable('sensors')
    .addColumn('series', serial, (c) => numbered(c.primaryKey()))
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('sensor_id', 'text', (c) => c.notNull().check(atMost('sensor_id', 36)))
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull().check(atMost('name', 255)))
    .addColumn('type', 'text', (c) => c.notNull().check(atMost('type', 64)))
    .addColumn('unit', 'text', (c) => c.check(atMost('unit', 32)))
    .addColumn('range_min', double)
    .addColumn('range_max', double)
    .addColumn('precision', double)
    .addColumn('status', 'text', (c) => c.notNull().check(atMost('status', 32)))
    .addColumn('stale_after', bigint)
    .addColumn('retention_days', 'integer')
    .addColumn('retention_rows', 'integer')
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addUniqueConstraint('sensors_key', ['namespace', 'sensor_id'])
    .addForeignKeyConstraint('sensors_device', ['namespace', 'device_id'], 'resources', [
      'namespace',
      'resource_id',
    ])
    .execute();
  await db.schema
    .createIndex('sensors_by_device')
    .on('sensors')
    .columns(['namespace', 'device_id'])
    .execute();
  await db.schema
    .createIndex('sensors_by_age')
    .on('sensors')
    .columns(['namespace', 'created_at', 'sensor_id'])
    .execute();
}

async function twins(db: Kysely<Schema>, { keyed, bigint }: Words): Promise<void> {
  await db.schema
    .createTable('twins')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('desired', 'text', (c) => c.notNull())
    .addColumn('reported', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('updated_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('twins_key', ['namespace', 'device_id'])
    .addForeignKeyConstraint(
      'twins_device',
      ['namespace', 'device_id'],
      'resources',
      ['namespace', 'resource_id'],
      (c) => c.onDelete('cascade'),
    )
    .modifyEnd(keyed)
    .execute();
}

/** A sensor's points go by its number: 10 bytes in every row and index instead of two names. */
async function dataPoints(db: Kysely<Schema>, { keyed, bigint, double }: Words): Promise<void> {
  await db.schema
    .createTable('data_points')
    .addColumn('series', bigint, (c) => c.notNull())
    .addColumn('timestamp', bigint, (c) => c.notNull())
    .addColumn('seq', bigint, (c) => c.notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('data_id', 'text', (c) => c.notNull().check(atMost('data_id', 36)))
    .addColumn('number', double)
    .addColumn('value', 'text')
    .addColumn('unit', 'text', (c) => c.check(atMost('unit', 32)))
    .addColumn('quality', 'text', (c) => c.notNull())
    .addColumn('metadata', 'text')
    .addColumn('received_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('data_points_key', ['series', 'timestamp', 'seq'])
    .addUniqueConstraint('data_points_id', ['namespace', 'data_id'])
    .addUniqueConstraint('data_points_seq', ['seq'])
    .modifyEnd(keyed)
    .execute();
  await db.schema
    .createTable('latest_points')
    .addColumn('series', bigint, (c) => c.primaryKey().notNull())
    .addColumn('timestamp', bigint, (c) => c.notNull())
    .addColumn('seq', bigint, (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('dropped_series')
    .addColumn('series', bigint, (c) => c.primaryKey().notNull())
    .execute();
}
