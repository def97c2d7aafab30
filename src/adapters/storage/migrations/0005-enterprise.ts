import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/** API keys, and the audit log with the beginnings of its chains. */
export async function up(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  await apiKeys(db, dialect);
  await auditLog(db, dialect);
  if (dialect === 'sqlite') await appendOnly(db);
}

const bigint = (dialect: Dialect) => (dialect === 'sqlite' ? 'integer' : 'bigint');
const keyed = (dialect: Dialect) => (dialect === 'sqlite' ? sql`without rowid` : sql``);

async function apiKeys(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('api_keys')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('agent', 'text')
    .addColumn('rights', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('created_at', bigint(dialect), (c) => c.notNull())
    .addColumn('expires_at', bigint(dialect))
    .addColumn('last_used_at', bigint(dialect))
    .modifyEnd(keyed(dialect))
    .execute();
  await db.schema.createIndex('api_keys_by_namespace').on('api_keys').column('namespace').execute();
}

async function auditLog(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('audit_log')
    .addColumn('namespace', 'text', (c) => c.notNull())
    .addColumn('seq', bigint(dialect), (c) => c.notNull())
    .addColumn('first', bigint(dialect), (c) => c.notNull())
    .addColumn('entries', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('audit_log_key', ['namespace', 'seq'])
    .modifyEnd(keyed(dialect))
    .execute();
  await db.schema
    .createTable('audit_chains')
    .addColumn('namespace', 'text', (c) => c.primaryKey().notNull())
    .addColumn('seq', bigint(dialect), (c) => c.notNull())
    .addColumn('at', bigint(dialect), (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .modifyEnd(keyed(dialect))
    .execute();
}

/** Against mistakes: whoever can write the file can drop the trigger too, and then the hashes tell. */
async function appendOnly(db: Kysely<Schema>): Promise<void> {
  await sql`
    create trigger audit_log_append_only before update on audit_log
    begin select raise(abort, 'the audit log is append-only'); end
  `.execute(db);
}
