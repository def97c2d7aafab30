import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { ConfigError } from '../../../config/config.error.js';
import { migrate } from '../migrate.js';
import type { Schema } from '../schema.js';
import { assertDurable, openForWriting } from './open.js';

/** How long a start waits for a gateway that is just ending, in milliseconds. */
const LOCK_WAIT_MS = 5000;
const SQLITE_BUSY = 5;

/** Where a SQLite database is kept. */
export interface SqliteLocation {
  readonly file: string;
  /** False for `sqlite::memory:`, which lives in a temporary folder and is deleted at the end. */
  readonly durable: boolean;
  dispose(): void;
}

/** `sqlite:<path>` or `sqlite::memory:`. */
export function locate(url: string): SqliteLocation {
  const path = url.slice('sqlite:'.length);
  if (path !== ':memory:') return { file: realFile(path), durable: true, dispose: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'agent-gateway-'));
  return {
    file: join(folder, 'gateway.db'),
    durable: false,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A link to a database is the database: both names take the same lock. */
function realFile(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}

/**
 * Holds a database file for this process. The operating system lets go of the lock when the process ends, however it ends.
 * @throws ConfigError when another gateway holds it
 */
export function lockFile(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const lock = new DatabaseSync(`${file}.lock`, { timeout: LOCK_WAIT_MS });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new ConfigError([
      `storage.url: ${file} is in use by another gateway; stop that one, or give this one a file of its own`,
    ]);
  }
}

/** Brings a file's schema up to date under a write lock, and checks that commits will be durable. */
export async function prepareFile({ file, durable }: SqliteLocation): Promise<void> {
  const connection = openForWriting(file, durable);
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: asKyselyDatabase(connection) }) });
  try {
    connection.exec('begin immediate');
    await migrate(db, 'sqlite');
    connection.exec('commit');
    if (durable) assertDurable(connection);
  } finally {
    connection.close();
  }
}

/** Node's SQLite in the shape that Kysely's dialect expects. */
function asKyselyDatabase(db: DatabaseSync) {
  return {
    close: () => undefined, // the owner closes it
    prepare: (sql: string) => {
      const statement = db.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (values: readonly unknown[]) => statement.all(...(values as SQLInputValue[])),
        run: (values: readonly unknown[]) => statement.run(...(values as SQLInputValue[])),
        iterate: (values: readonly unknown[]) => statement.iterate(...(values as SQLInputValue[])),
      };
    },
  };
}
