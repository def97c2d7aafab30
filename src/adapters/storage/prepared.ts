import type { Compilable } from 'kysely';

/** A value of SQLite and PostgreSQL alike. */
export type SqlValue = string | number | null;

class Placeholder {
  constructor(readonly name: string) {}
}

/** Stands for a value that is given when the statement runs. */
export const param = <T>(name: string): T => new Placeholder(name) as T;

/** A row of placeholders, one per column. */
export const placeholders = <Row>(...columns: readonly (keyof Row & string)[]): Row =>
  Object.fromEntries(columns.map((column) => [column, param(column)])) as Row;

/**
 * A statement that is built and compiled once and run many times: building one with the query builder costs more than
 * running it. `bind` puts the values of a run into the order of its placeholders.
 */
export class Prepared<Values> {
  readonly sql: string;
  private readonly order: readonly (Placeholder | SqlValue)[];

  constructor(query: Compilable<unknown>) {
    const { sql, parameters } = query.compile();
    this.sql = sql;
    this.order = parameters as readonly (Placeholder | SqlValue)[];
  }

  bind(values: Values): SqlValue[] {
    const named = values as Record<string, SqlValue>;
    return this.order.map((item) => (item instanceof Placeholder ? named[item.name]! : item));
  }
}
