import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { ConfigError } from '../../config/config.error.js';
import { MIGRATIONS, type Dialect } from './migrations/index.js';
import type { Schema } from './schema.js';

const TABLE = 'schema_migrations';

/**
 * Brings the schema up to date. The caller holds a lock and an open transaction: of two gateways that start at once
 * one migrates and the other finds it done.
 * @throws ConfigError when the database knows migrations that this version does not: a newer one wrote it
 */
export async function migrate(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(forDialect(dialect)) },
    migrationTableName: TABLE,
    migrationLockTableName: `${TABLE}_lock`,
    disableTransactions: true,
    // Lines of work land in any order; each migration only adds what is its own.
    allowUnorderedMigrations: true,
  });
  await refuseNewer(db);
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw error instanceof Error ? error : new Error('migration failed', { cause: error });
}

async function refuseNewer(db: Kysely<Schema>): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === TABLE)) return;
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(TABLE)}`.execute(db);
  const unknown = rows.map((row) => row.name).filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length === 0) return;
  throw new ConfigError([
    `storage.url: the database was written by a newer version of the gateway (it has the migrations ${unknown.join(', ')}, ` +
      `this version knows up to ${Object.keys(MIGRATIONS).at(-1)}); start that version, or restore a backup of this one`,
  ]);
}

const forDialect = (dialect: Dialect) =>
  Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, { up }]) => [
      name,
      { up: (db: Kysely<never>) => up(db as unknown as Kysely<Schema>, dialect) },
    ]),
  );
