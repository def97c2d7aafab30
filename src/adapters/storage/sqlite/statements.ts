import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Prepared } from '../prepared.js';
import type { Schema } from '../schema.js';
import type { Op } from './protocol.js';

/** Builds queries for SQLite without a connection. */
export const builder = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** The statements of all stores. Only a number travels to the thread that writes. */
const numbers = new Map<Prepared<never>, number>();
const texts: string[] = [];

/** Compiles a store's statements and gives them their numbers; called while its file is loaded, before a database is opened. */
export function statements<S extends Record<string, Prepared<never>>>(of: (db: Kysely<Schema>) => S): S {
  const made = of(builder);
  for (const statement of Object.values(made)) numbers.set(statement, texts.push(statement.sql) - 1);
  return made;
}

/** The text of every statement, at its number. */
export const statementTexts = (): readonly string[] => [...texts];

/** A statement with its values as one op of a write; `mustChange`: the write fails with CONFLICT unless it changes exactly one row. */
export const op = <V>(statement: Prepared<V>, values: V, mustChange = false): Op => [
  numbers.get(statement)!,
  mustChange,
  statement.bind(values),
];
