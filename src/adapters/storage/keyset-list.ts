import { sql, type CompiledQuery, type Kysely, type RawBuilder } from 'kysely';
import type { Namespace } from '../../core/ids.js';
import type { Page, PageQuery } from '../../core/page.js';
import type { Schema } from './schema.js';

/** Runs a query. */
type Run = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;

/** Where a list looks. Filters and sorts are named as its columns are, but for `id`. */
interface Listed {
  readonly table: 'resources' | 'sensors' | 'routes';
  readonly id: 'resource_id' | 'sensor_id' | 'route_id';
}

/** A page of a table, by key: as quick at the end of a list as at its beginning. `total` counts what the filters leave. */
export async function listPage<Row extends object>(
  run: Run,
  db: Kysely<Schema>,
  { table, id }: Listed,
  namespace: Namespace,
  query: PageQuery<string, string>,
): Promise<Page<Row>> {
  const { sort, limit, after } = query;
  const column = sort.field === 'id' ? id : sort.field;
  const matching = sql`from ${sql.table(table)} where ${sql.join(conditions(namespace, query.filters), sql` and `)}`;
  const order = sort.descending ? sql`desc` : sql`asc`;
  const beyond = after ? beyondPosition([column, id], [after.value, after.id], sort.descending) : sql``;
  const page = sql<Row>`select * ${matching} ${beyond}
    order by ${sql.ref(column)} ${order}, ${sql.ref(id)} ${order} limit ${limit + 1}`;
  const rows = await run(page.compile(db));
  const [counted] = await run(sql<{ total: number }>`select count(*) as total ${matching}`.compile(db));
  const items = rows.slice(0, limit);
  const last = items.at(-1) as Record<string, string | number> | undefined;
  const next = last && rows.length > limit ? { value: last[column]!, id: String(last[id]) } : null;
  return { items, next, total: counted?.total ?? 0 };
}

function conditions(
  namespace: Namespace,
  filters: Readonly<Record<string, string | null | undefined>>,
): RawBuilder<unknown>[] {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  return [
    sql`namespace = ${namespace}`,
    ...given.map(([column, value]) =>
      value === null ? sql`${sql.ref(column)} is null` : sql`${sql.ref(column)} = ${value}`,
    ),
  ];
}

function beyondPosition(
  columns: readonly string[],
  values: readonly (string | number)[],
  descending: boolean,
): RawBuilder<unknown> {
  const names = sql.join(columns.map((column) => sql.ref(column)));
  return sql`and (${names}) ${descending ? sql`<` : sql`>`} (${sql.join(values)})`;
}
