import type { Namespace, TaskId } from '../../../core/ids.js';
import type { LateResult, TaskEvent, TaskInput, TaskRecord } from '../../../core/task.js';
import {
  TaskStore,
  type AssignmentChange,
  type CommitListener,
  type FoundSubmission,
  type NewTaskRecord,
  type TaskFilter,
  type TaskPage,
  type TaskStep,
} from '../../../engine/tasks/task.store.js';
import type { SubmissionRow, TaskEventRow, TaskRow } from '../schema.js';
import { listTasks } from '../task-list.js';
import { firstIdAt, toTaskEvent, toTaskRecord, toTaskRow } from '../task-rows.js';
import { taskStatements } from '../task-statements.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { followerOp, forgetFollowers } from './sqlite-follower.store.js';
import { builder, op, statements } from './statements.js';

const STATEMENTS = statements(taskStatements);

/** Tasks in the gateway's SQLite file. */
export class SqliteTaskStore extends TaskStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override onCommit(listener: CommitListener): void {
    this.database.onCommit(listener);
  }

  override get available(): boolean {
    return this.database.available;
  }

  override submit({ record, input, event, submission, followers = [] }: NewTaskRecord): Promise<void> {
    const ops = [
      op(STATEMENTS.insertTask, toTaskRow(record)),
      op(STATEMENTS.insertEvent, eventRow(record.id, event, JSON.stringify(input))),
      ...followers.map(followerOp),
    ];
    if (submission) {
      const { namespace, id: task_id } = record;
      ops.push(op(STATEMENTS.insertSubmission, { namespace, task_id, ...submission }));
    }
    return this.database.write(ops, true);
  }

  override assign(id: TaskId, change: AssignmentChange): Promise<void> {
    const values = {
      id,
      agent_namespace: change.agent?.namespace ?? null,
      agent_name: change.agent?.name ?? null,
      agent_principal: change.agentPrincipal,
      attempt: change.attempt,
      routing: JSON.stringify(change.routing),
      updated_at: change.updatedAt,
      deadline_at: change.deadlineAt,
    };
    return this.database.write([op(STATEMENTS.assign, values)], false);
  }

  override append(id: TaskId, { event, ...step }: TaskStep): Promise<void> {
    const values = {
      id,
      seq: event.seq,
      state: step.state,
      turn: step.turn,
      progress: step.progress && JSON.stringify(step.progress),
      error: step.error && JSON.stringify(step.error),
      updated_at: event.at,
      ended_at: step.endedAt,
      deadline_at: step.deadlineAt,
    };
    return this.database.write(
      [op(STATEMENTS.step, values, true), op(STATEMENTS.insertEvent, eventRow(id, event))],
      false,
    );
  }

  override postpone(id: TaskId, deadlineAt: number): Promise<void> {
    return this.database.write([op(STATEMENTS.postpone, { id, deadline_at: deadlineAt })], false);
  }

  override keepLate(id: TaskId, late: LateResult): Promise<void> {
    return this.database.write([op(STATEMENTS.keepLate, { id, late_result: JSON.stringify(late) })], false);
  }

  override async purge(endedBefore: number, limit: number): Promise<number> {
    const values = { before_id: firstIdAt(endedBefore), before: endedBefore, limit };
    const rows = await this.database.all<{ id: string }, typeof values>(STATEMENTS.expired, values);
    const { deleteTask, deleteEvents, deleteSubmissions } = STATEMENTS;
    const ops = rows.flatMap(({ id }) => [
      ...[deleteTask, deleteEvents, deleteSubmissions].map((statement) => op(statement, { id })),
      forgetFollowers(id),
    ]);
    if (ops.length > 0) await this.database.write(ops, true);
    return rows.length;
  }

  override async get(id: TaskId): Promise<TaskRecord | undefined> {
    const row = await this.database.one<TaskRow, { id: string }>(STATEMENTS.task, { id });
    return row && toTaskRecord(row);
  }

  override async input(id: TaskId): Promise<TaskInput | undefined> {
    const row = await this.database.one<Pick<TaskEventRow, 'input'>, { id: string }>(STATEMENTS.input, {
      id,
    });
    return row?.input ? (JSON.parse(row.input) as TaskInput) : undefined;
  }

  override async eventsSince(id: TaskId, seq: number, limit: number): Promise<readonly TaskEvent[]> {
    const values = { id, seq, limit };
    return (await this.database.all<TaskEventRow, typeof values>(STATEMENTS.eventsSince, values)).map(
      toTaskEvent,
    );
  }

  override async lastEvent(id: TaskId): Promise<TaskEvent | undefined> {
    const row = await this.database.one<TaskEventRow, { id: string }>(STATEMENTS.lastEvent, { id });
    return row && toTaskEvent(row);
  }

  override async conversation(id: TaskId): Promise<readonly TaskEvent[]> {
    return (await this.database.all<TaskEventRow, { id: string }>(STATEMENTS.conversation, { id })).map(
      toTaskEvent,
    );
  }

  override async findSubmission(namespace: Namespace, key: string): Promise<FoundSubmission | undefined> {
    const values = { namespace, key };
    const row = await this.database.one<SubmissionRow, typeof values>(STATEMENTS.submission, values);
    return row && { taskId: row.task_id as TaskId, fingerprint: row.fingerprint };
  }

  override async list(namespace: Namespace | null, filter: TaskFilter): Promise<TaskPage> {
    return listTasks((query) => this.database.scan(query), builder, namespace, filter);
  }

  override async open(): Promise<readonly TaskRecord[]> {
    return (await this.database.all<TaskRow, object>(STATEMENTS.open, {})).map(toTaskRecord);
  }
}

const eventRow = (id: TaskId, { seq, at, json }: TaskEvent, input: string | null = null): TaskEventRow => ({
  task_id: id,
  seq,
  at,
  body: json,
  input,
});
