import { DatabaseSync } from 'node:sqlite';
import { runLoad } from './load.js';
import { startTarget, stopTarget, USERS } from './measure.js';

/** Tasks that are really run; larger files multiply them. */
const REAL = 1_000;

/** Makes a file with {@link REAL} ended tasks by running them through the gateway, so that it is of the real schema. */
export async function fillByRunning(file: string): Promise<void> {
  const target = await startTarget('gateway', { database: file });
  await runLoad(target.server.http, 'sse', REAL, USERS);
  await stopTarget(target);
}

/** Copies the file and multiplies all that belongs to its tasks until it holds `count` of them. */
export function multiply(from: string, to: string, count: number): void {
  const source = new DatabaseSync(from);
  source.prepare('VACUUM INTO ?').run(to);
  source.close();
  const db = new DatabaseSync(to);
  db.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN');
  for (const table of names(
    db,
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  ))
    multiplyTable(db, table, count / REAL - 1);
  db.exec('COMMIT; PRAGMA journal_mode = WAL');
  db.close();
}

/**
 * Adds `copies` of each row that holds a task id, each copy with ids of its own: the same task's get the same in all
 * tables. An integer primary key that counts rows is left to SQLite.
 */
function multiplyTable(db: DatabaseSync, table: string, copies: number): void {
  const isId = (column: string): string => `"${column}" GLOB 't-[0-9a-f]*' AND length("${column}") = 34`;
  const holds = (column: string): boolean =>
    db.prepare(`SELECT 1 FROM "${table}" WHERE ${isId(column)} LIMIT 1`).get() !== undefined;
  const keys = names(db, `SELECT name FROM pragma_table_info('${table}') WHERE pk > 0`);
  const counters = names(
    db,
    `SELECT name FROM pragma_table_info('${table}') WHERE pk > 0 AND type = 'INTEGER'`,
  );
  const all = names(db, `SELECT name FROM pragma_table_info('${table}')`);
  const columns = keys.length === 1 ? all.filter((name) => !counters.includes(name)) : all;
  const ids = columns.filter(holds);
  if (ids.length === 0) return;
  // The first 26 digits keep the order of the ids and, with it, that of the inserts; the last 6 number the copies.
  const values = columns.map((name) =>
    ids.includes(name) ? `substr("${name}", 1, 28) || printf('%06x', copy.n)` : `"${name}"`,
  );
  db.exec(`
    WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < ${copies})
    INSERT INTO "${table}" (${columns.map((name) => `"${name}"`).join()})
    SELECT ${values.join()} FROM (SELECT * FROM "${table}" WHERE ${isId(ids[0]!)} ORDER BY "${ids[0]!}") CROSS JOIN copy`);
}

const names = (db: DatabaseSync, query: string): string[] =>
  db
    .prepare(query)
    .all()
    .map((row) => String(row['name']));
