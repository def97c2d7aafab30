import type { Kysely } from 'kysely';
import type { Namespace } from '../../core/ids.js';
import type { TaskFilter, TaskPage } from '../../engine/tasks/task.store.js';
import type { Schema, TaskRow } from './schema.js';
import { toTaskRecord } from './task-rows.js';

/** Newest first, one row more than asked for: it tells whether there is another page. */
export function listQuery(db: Kysely<Schema>, namespace: Namespace | null, filter: TaskFilter) {
  let query = db.selectFrom('tasks').selectAll().orderBy('id', 'desc').limit(filter.limit + 1);
  if (namespace !== null) query = query.where('namespace', '=', namespace);
  if (filter.status !== undefined) query = query.where('state', '=', filter.status);
  if (filter.skill !== undefined) query = query.where('skill', '=', filter.skill);
  if (filter.agent !== undefined) query = query.where('agent_name', '=', filter.agent);
  if (filter.contextId !== undefined) query = query.where('context_id', '=', filter.contextId);
  if (filter.cursor !== undefined) query = query.where('id', '<', filter.cursor);
  return query;
}

export function toPage(rows: readonly TaskRow[], limit: number): TaskPage {
  const tasks = rows.slice(0, limit).map(toTaskRecord);
  return { tasks, nextCursor: rows.length > limit ? (tasks.at(-1)?.id ?? null) : null };
}
