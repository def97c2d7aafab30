import type { CompiledQuery, Kysely } from 'kysely';
import type { Namespace } from '../../core/ids.js';
import type { TaskFilter, TaskPage } from '../../engine/tasks/task.store.js';
import type { Schema, TaskRow } from './schema.js';
import { toTaskRecord } from './task-rows.js';

/** Most rows that one query looks at: some milliseconds. */
const SLICE = 5000;

/** Runs a query. */
type Run = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;

/**
 * A page of tasks, newest first. A search looks through the table in slices: a long read would keep SQLite from reusing
 * its log for as long, and all other lists waiting.
 */
export async function listTasks(
  run: Run,
  db: Kysely<Schema>,
  namespace: Namespace | null,
  filter: TaskFilter,
): Promise<TaskPage> {
  const found: TaskRow[] = [];
  for (let { cursor } = filter; ;) {
    const end = isSearch(namespace, filter) ? await sliceEnd(run, db, namespace, cursor) : undefined;
    const missing = filter.limit + 1 - found.length; // the one more tells whether there is another page
    found.push(
      ...(await run(
        slice(db, namespace, { ...filter, cursor }, end)
          .limit(missing)
          .compile(),
      )),
    );
    if (end === undefined || found.length > filter.limit) return toPage(found, filter.limit);
    cursor = end;
  }
}

/** Whether rows are looked at that are not wanted. A context of a namespace has an index, and is small. */
const isSearch = (namespace: Namespace | null, { status, skill, agent, contextId }: TaskFilter): boolean =>
  contextId === undefined ? (status ?? skill ?? agent) !== undefined : namespace === null;

/** The id of the last row of the slice that begins after `cursor`; undefined when the table ends first. */
async function sliceEnd(
  run: Run,
  db: Kysely<Schema>,
  namespace: Namespace | null,
  cursor: string | undefined,
) {
  const query = slice(db, namespace, { cursor })
    .clearSelect()
    .select('id')
    .offset(SLICE - 1)
    .limit(1);
  return (await run(query.compile())).at(0)?.id;
}

function slice(
  db: Kysely<Schema>,
  namespace: Namespace | null,
  filter: Omit<TaskFilter, 'limit'>,
  end?: string,
) {
  let query = db.selectFrom('tasks').selectAll().orderBy('id', 'desc');
  if (namespace !== null) query = query.where('namespace', '=', namespace);
  if (filter.status !== undefined) query = query.where('state', '=', filter.status);
  if (filter.skill !== undefined) query = query.where('skill', '=', filter.skill);
  if (filter.agent !== undefined) query = query.where('agent_name', '=', filter.agent);
  if (filter.contextId !== undefined) query = query.where('context_id', '=', filter.contextId);
  if (filter.cursor !== undefined) query = query.where('id', '<', filter.cursor);
  if (end !== undefined) query = query.where('id', '>=', end);
  return query;
}

function toPage(rows: readonly TaskRow[], limit: number): TaskPage {
  const tasks = rows.slice(0, limit).map(toTaskRecord);
  return { tasks, nextCursor: rows.length > limit ? (tasks.at(-1)?.id ?? null) : null };
}
