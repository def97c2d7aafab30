import { sql, type Kysely } from 'kysely';
import { param, placeholders, Prepared } from './prepared.js';
import type { Schema, SubmissionRow, TaskEventRow, TaskRow } from './schema.js';

/** The event of the submission; it carries the input. */
const FIRST_SEQ = 1;

type Id = Pick<TaskRow, 'id'>;
type Step = Id &
  Pick<TaskRow, 'state' | 'seq' | 'turn' | 'progress' | 'error' | 'updated_at' | 'ended_at' | 'deadline_at'>;
type Assign = Id &
  Pick<
    TaskRow,
    | 'agent_namespace'
    | 'agent_name'
    | 'agent_principal'
    | 'attempt'
    | 'routing'
    | 'updated_at'
    | 'deadline_at'
  >;

// prettier-ignore
const TASK_COLUMNS: readonly (keyof TaskRow)[] = [
  'id', 'namespace', 'scope', 'skill', 'pinned_agent', 'context_id', 'priority', 'timeout_ms', 'idempotent', 'created_by',
  'created_at', 'state', 'seq', 'attempt', 'turn', 'agent_namespace', 'agent_name', 'agent_principal', 'progress', 'error', 'routing', 'late_result',
  'updated_at', 'ended_at', 'deadline_at',
];

const task = param<string>('id');

/** Every statement of the task store, compiled once for a dialect. */
export const taskStatements = (db: Kysely<Schema>) => ({
  ...inserts(db),
  ...steps(db),
  ...deletes(db),
  ...reads(db),
});

function inserts(db: Kysely<Schema>) {
  return {
    insertTask: new Prepared<TaskRow>(db.insertInto('tasks').values(placeholders<TaskRow>(...TASK_COLUMNS))),
    insertEvent: new Prepared<TaskEventRow>(
      db
        .insertInto('task_events')
        .values(placeholders<TaskEventRow>('task_id', 'seq', 'at', 'body', 'input')),
    ),
    insertSubmission: new Prepared<SubmissionRow>(
      db
        .insertInto('submissions')
        .values(placeholders<SubmissionRow>('namespace', 'key', 'fingerprint', 'task_id')),
    ),
  };
}

function steps(db: Kysely<Schema>) {
  return {
    /** Changes one row, or none when another writer was faster: the log is dense, so the step before must be the newest. */
    step: new Prepared<Step>(
      db
        .updateTable('tasks')
        .set(
          placeholders<Omit<Step, 'id'>>(
            'state',
            'seq',
            'turn',
            'progress',
            'error',
            'updated_at',
            'ended_at',
            'deadline_at',
          ),
        )
        .where('id', '=', task)
        .where('seq', '=', sql<number>`${param('seq')} - 1`)
        .where('ended_at', 'is', null),
    ),
    assign: new Prepared<Assign>(
      db
        .updateTable('tasks')
        .set(
          placeholders<Omit<Assign, 'id'>>(
            'agent_namespace',
            'agent_name',
            'agent_principal',
            'attempt',
            'routing',
            'updated_at',
            'deadline_at',
          ),
        )
        .where('id', '=', task)
        .where('ended_at', 'is', null),
    ),
    postpone: new Prepared<Id & Pick<TaskRow, 'deadline_at'>>(
      db
        .updateTable('tasks')
        .set({ deadline_at: param('deadline_at') })
        .where('id', '=', task)
        .where('ended_at', 'is', null),
    ),
    keepLate: new Prepared<Id & Pick<TaskRow, 'late_result'>>(
      db
        .updateTable('tasks')
        .set({ late_result: param('late_result') })
        .where('id', '=', task)
        .where('late_result', 'is', null),
    ),
  };
}

function deletes(db: Kysely<Schema>) {
  return {
    deleteTask: new Prepared<Id>(db.deleteFrom('tasks').where('id', '=', task)),
    deleteEvents: new Prepared<Id>(db.deleteFrom('task_events').where('task_id', '=', task)),
    deleteSubmissions: new Prepared<Id>(db.deleteFrom('submissions').where('task_id', '=', task)),
  };
}

function reads(db: Kysely<Schema>) {
  return {
    task: new Prepared<Id>(db.selectFrom('tasks').selectAll().where('id', '=', task)),
    input: new Prepared<Id>(
      db.selectFrom('task_events').select('input').where('task_id', '=', task).where('seq', '=', FIRST_SEQ),
    ),
    eventsSince: new Prepared<Id & { seq: number; limit: number }>(
      db
        .selectFrom('task_events')
        .select(['seq', 'at', 'body'])
        .where('task_id', '=', task)
        .where('seq', '>', param<number>('seq'))
        .orderBy('seq')
        .limit(param<number>('limit')),
    ),
    lastEvent: new Prepared<Id>(
      db
        .selectFrom('task_events')
        .select(['seq', 'at', 'body'])
        .where('task_id', '=', task)
        .orderBy('seq', 'desc')
        .limit(1),
    ),
    conversation: new Prepared<Id>(
      db
        .selectFrom('task_events')
        .select(['seq', 'at', 'body'])
        .where('task_id', '=', task)
        .where('body', 'not like', '{"event":"artifact",%')
        .where('body', 'not like', '{"event":"progress",%')
        .orderBy('seq'),
    ),
    submission: new Prepared<Pick<SubmissionRow, 'namespace' | 'key'>>(
      db
        .selectFrom('submissions')
        .select(['fingerprint', 'task_id'])
        .where('namespace', '=', param<string>('namespace'))
        .where('key', '=', param<string>('key')),
    ),
    open: new Prepared<object>(
      db.selectFrom('tasks').selectAll().where('ended_at', 'is', null).orderBy('id'),
    ),
    /** Ids are time-ordered: what ended before a moment was created before it. */
    expired: new Prepared<{ before_id: string; before: number; limit: number }>(
      db
        .selectFrom('tasks')
        .select('id')
        .where('id', '<', param<string>('before_id'))
        .where('ended_at', '<', param<number>('before'))
        .orderBy('id')
        .limit(param<number>('limit')),
    ),
  };
}
