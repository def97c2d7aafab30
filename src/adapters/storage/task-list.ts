import { sql, type CompiledQuery, type Kysely } from 'kysely';
import { invalid } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import { isTerminal } from '../../core/task-states.js';
import type { TaskFilter, TaskPage } from '../../engine/tasks/task.store.js';
import type { Schema, TaskRow } from './schema.js';
import { toTaskRecord } from './task-rows.js';

/** Most rows that one query looks at: some milliseconds. */
const SLICE = 5000;

/** Runs a query. */
type Run = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;

/** A place in an order of tasks: that of its row. */
type Place = Pick<TaskRow, 'id' | 'updated_at'>;

/** Rows in an order that an index has (or that are few); `null` namespace: all. */
interface Source {
  readonly kind: 'created' | 'ended' | 'open';
  readonly namespace: Namespace | null;
}

/**
 * A page of tasks. A search looks through the table in slices: a long read would keep SQLite from reusing its log for as
 * long, and all other lists waiting.
 */
export async function listTasks(
  run: Run,
  db: Kysely<Schema>,
  namespace: Namespace | null,
  filter: TaskFilter,
): Promise<TaskPage> {
  const reader = new TaskReader(run, db, filter);
  const sources = await reader.sources(namespace);
  const found = await Promise.all(sources.map((source) => reader.page(source)));
  const rows = sources.length === 1 ? found[0]! : found.flat().sort(lastChangedFirst);
  const total = filter.counted ? { total: await reader.count(namespace) } : {};
  return { ...toPage(rows, filter), ...total };
}

class TaskReader {
  private readonly cursor: Place | undefined;

  constructor(
    private readonly run: Run,
    private readonly db: Kysely<Schema>,
    private readonly filter: TaskFilter,
  ) {
    this.cursor = filter.cursor === undefined ? undefined : placeOf(filter.cursor, filter.order);
  }

  /** By change there are two kinds: what has ended is kept in that order for each namespace, what is open is few. */
  async sources(namespace: Namespace | null): Promise<Source[]> {
    const { order, status } = this.filter;
    if (order !== 'updated') return [{ kind: 'created', namespace }];
    const namespaces = namespace === null ? await this.namespaces() : [namespace];
    const ended = namespaces.map((one): Source => ({ kind: 'ended', namespace: one }));
    const open: Source = { kind: 'open', namespace };
    if (status === undefined) return [...ended, open];
    return isTerminal(status) ? ended : [open];
  }

  /** At most one row more than a page has: that one tells whether there is another page. */
  async page(source: Source): Promise<TaskRow[]> {
    const found: TaskRow[] = [];
    for (let { cursor } = this; ;) {
      const end = this.isSearch(source) ? await this.sliceEnd(source, cursor) : undefined;
      const missing = this.filter.limit + 1 - found.length;
      const rows = this.rows(source, this.filter, cursor, end).limit(missing);
      found.push(...(await this.run(rows.compile())));
      if (end === undefined || found.length > this.filter.limit) return found;
      cursor = end;
    }
  }

  /** How many tasks the filter finds, whatever the page. */
  async count(namespace: Namespace | null): Promise<number> {
    const source: Source = { kind: 'created', namespace };
    let count = 0;
    for (let cursor: Place | undefined; ;) {
      const end = this.isSearch(source) ? await this.sliceEnd(source, cursor) : undefined;
      const query = this.rows(source, this.filter, cursor, end)
        .clearSelect()
        .clearOrderBy()
        .select((eb) => eb.fn.countAll<number>().as('count'));
      count += (await this.run(query.compile()))[0]!.count;
      if (end === undefined) return count;
      cursor = end;
    }
  }

  /** Whether rows are looked at that are not wanted. A context of a namespace has an index, and is small; open tasks are few. */
  private isSearch({ kind, namespace }: Source): boolean {
    const { status, skill, agent, contextId, updatedAfter } = this.filter;
    if (kind === 'open' || (contextId !== undefined && namespace !== null)) return false;
    const byIndex = kind === 'ended' ? undefined : updatedAfter;
    return (status ?? skill ?? agent ?? contextId ?? byIndex) !== undefined;
  }

  /** The last row of the slice that begins after `cursor`; undefined when the table ends first. */
  private async sliceEnd(source: Source, cursor: Place | undefined): Promise<Place | undefined> {
    const query = this.rows(source, {}, cursor)
      .clearSelect()
      .select(['id', 'updated_at'])
      .offset(SLICE - 1)
      .limit(1);
    return (await this.run(query.compile())).at(0);
  }

  private rows({ kind, namespace }: Source, filter: Partial<TaskFilter>, after?: Place, end?: Place) {
    let query = this.db.selectFrom('tasks').selectAll();
    if (kind !== 'created') query = query.orderBy('updated_at', 'desc');
    query = query.orderBy('id', 'desc');
    if (kind !== 'created') query = query.where('ended_at', kind === 'open' ? 'is' : 'is not', null);
    if (namespace !== null) query = query.where('namespace', '=', namespace);
    if (filter.status !== undefined) query = query.where('state', '=', filter.status);
    if (filter.skill !== undefined) query = query.where('skill', '=', filter.skill);
    if (filter.agent !== undefined) query = query.where('agent_name', '=', filter.agent);
    if (filter.contextId !== undefined) query = query.where('context_id', '=', filter.contextId);
    if (filter.updatedAfter !== undefined) query = query.where('updated_at', '>=', filter.updatedAfter);
    if (after !== undefined) query = query.where(beyond(kind, '<', after));
    if (end !== undefined) query = query.where(beyond(kind, '>=', end));
    return query;
  }

  /** Found by skipping from one to the next in the index. */
  private async namespaces(): Promise<Namespace[]> {
    const found: Namespace[] = [];
    for (let last = ''; ;) {
      const next = this.db.selectFrom('tasks').select('namespace').where('namespace', '>', last);
      const [row] = await this.run(next.orderBy('namespace').limit(1).compile());
      if (!row) return found;
      last = row.namespace;
      found.push(last as Namespace);
    }
  }
}

const beyond = (kind: Source['kind'], how: '<' | '>=', { id, updated_at: at }: Place) =>
  kind === 'created'
    ? sql<boolean>`id ${sql.raw(how)} ${id}`
    : sql<boolean>`(updated_at, id) ${sql.raw(how)} (${at}, ${id})`;

const lastChangedFirst = (a: Place, b: Place): number =>
  b.updated_at - a.updated_at || (a.id < b.id ? 1 : -1);

function toPage(rows: readonly TaskRow[], { limit, order }: TaskFilter): TaskPage {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const nextCursor = rows.length > limit && last ? cursorOf(last, order) : null;
  return { tasks: page.map(toTaskRecord), nextCursor };
}

/** By creation the id of the last task; by change also when that was. */
const cursorOf = ({ id, updated_at: at }: Place, order: TaskFilter['order']): string =>
  order === 'updated' ? `${at}.${id}` : id;

/** @throws GatewayError INVALID */
function placeOf(cursor: string, order: TaskFilter['order']): Place {
  if (order !== 'updated') return { id: cursor, updated_at: 0 };
  const [, at, id] = /^(\d{1,15})\.(t-[0-9a-f]{32})$/.exec(cursor) ?? [];
  if (at === undefined || id === undefined) throw invalid('cursor', cursor, 'that of the page before');
  return { id, updated_at: Number(at) };
}
