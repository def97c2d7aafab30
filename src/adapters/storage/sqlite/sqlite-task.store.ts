import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Namespace, TaskId } from '../../../core/ids.js';
import type { Artifact, LateResult, TaskEvent, TaskInput, TaskRecord } from '../../../core/task.js';
import {
  TaskStore,
  type AssignmentChange,
  type FoundSubmission,
  type NewTaskRecord,
  type TaskFilter,
  type TaskPage,
  type TaskStep,
} from '../../../engine/tasks/task.store.js';
import { Prepared } from '../prepared.js';
import type { SubmissionRow, TaskEventRow, TaskInputRow, TaskRow } from '../schema.js';
import { listQuery, toPage } from '../task-list.js';
import { firstIdAt, toTaskEvent, toTaskRecord, toTaskRow } from '../task-rows.js';
import { taskStatements } from '../task-statements.js';
import { GroupCommit } from './group-commit.js';
import { openForReading } from './open.js';
import type { Op } from './protocol.js';
import { Scanner } from './scanner.js';
import { locate, lockFile, prepareFile, sqliteBuilder, type SqliteLocation } from './sqlite-database.js';

const builder = sqliteBuilder();
const STATEMENTS = taskStatements(builder);
const NUMBER = new Map(Object.values(STATEMENTS).map((statement, i) => [statement as Prepared<never>, i]));
const SQL = Object.values(STATEMENTS).map((statement) => statement.sql);

/** An op of a batch. */
const op = <V>(statement: Prepared<V>, values: V, mustChange = false): Op => [
  NUMBER.get(statement as Prepared<never>)!,
  mustChange,
  statement.bind(values),
];

/** How long commits take; for metrics. */
export type CommitListener = (writes: number, ms: number) => void;

/**
 * Tasks in a SQLite file. Commits happen on a thread of their own; reads by key happen here (WAL: they never wait for
 * a writer), reads that may look at many rows on a third thread.
 */
export class SqliteTaskStore extends TaskStore {
  private readonly read = new Map<Prepared<never>, StatementSync>();

  private constructor(
    private readonly location: SqliteLocation,
    private readonly lock: DatabaseSync,
    private readonly reader: DatabaseSync,
    private readonly commits: GroupCommit,
    private readonly scanner: Scanner,
  ) {
    super();
  }

  /**
   * Opens (and makes or migrates) the database.
   * @throws Error with a message for the operator: in use, newer schema, not writable
   */
  static async open(url: string, onCommit: CommitListener = () => undefined): Promise<SqliteTaskStore> {
    const location = locate(url);
    const lock = lockFile(location.file);
    try {
      await prepareFile(location);
      const { file, durable } = location;
      const probe = op(STATEMENTS.probe, { at: Date.now() });
      const commits = await GroupCommit.start({ file, durable, statements: SQL }, probe, onCommit);
      return new SqliteTaskStore(location, lock, openForReading(file), commits, new Scanner(file));
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Writes what is in line, then lets go of the file. */
  async close(): Promise<void> {
    await this.commits.close();
    await this.scanner.close();
    this.reader.close();
    this.lock.close();
    this.location.dispose();
  }

  override get available(): boolean {
    return this.commits.available;
  }

  override submit({ record, input, event, submission }: NewTaskRecord): Promise<void> {
    const ops = [
      op(STATEMENTS.insertTask, toTaskRow(record)),
      op(STATEMENTS.insertInput, { task_id: record.id, input: JSON.stringify(input) }),
      op(STATEMENTS.insertEvent, eventRow(record.id, event)),
    ];
    if (submission) {
      const { namespace, id: task_id } = record;
      ops.push(op(STATEMENTS.insertSubmission, { namespace, task_id, ...submission }));
    }
    return this.commits.write(ops, true);
  }

  override assign(id: TaskId, change: AssignmentChange): Promise<void> {
    const values = {
      id,
      agent_namespace: change.agent?.namespace ?? null,
      agent_name: change.agent?.name ?? null,
      attempt: change.attempt,
      routing: JSON.stringify(change.routing),
      updated_at: change.updatedAt,
      deadline_at: change.deadlineAt,
    };
    return this.commits.write([op(STATEMENTS.assign, values)], false);
  }

  override append(id: TaskId, { event, ...step }: TaskStep): Promise<void> {
    const values = {
      id,
      seq: event.seq,
      state: step.state,
      progress: step.progress && JSON.stringify(step.progress),
      error: step.error && JSON.stringify(step.error),
      updated_at: event.at,
      ended_at: step.endedAt,
      deadline_at: step.deadlineAt,
    };
    return this.commits.write([op(STATEMENTS.step, values, true), op(STATEMENTS.insertEvent, eventRow(id, event))], false);
  }

  override postpone(id: TaskId, deadlineAt: number): Promise<void> {
    return this.commits.write([op(STATEMENTS.postpone, { id, deadline_at: deadlineAt })], false);
  }

  override keepLate(id: TaskId, late: LateResult): Promise<void> {
    return this.commits.write([op(STATEMENTS.keepLate, { id, late_result: JSON.stringify(late) })], false);
  }

  override async purge(endedBefore: number, limit: number): Promise<number> {
    const values = { before_id: firstIdAt(endedBefore), before: endedBefore, limit };
    const rows = this.all<{ id: string }, typeof values>(STATEMENTS.expired, values);
    const { deleteTask, deleteInput, deleteEvents, deleteSubmissions } = STATEMENTS;
    const ops = rows.flatMap(({ id }) =>
      [deleteTask, deleteInput, deleteEvents, deleteSubmissions].map((statement) => op(statement, { id })),
    );
    if (ops.length > 0) await this.commits.write(ops, true);
    return rows.length;
  }

  override get(id: TaskId): Promise<TaskRecord | undefined> {
    return Promise.resolve(this.one<TaskRow, { id: string }>(STATEMENTS.task, { id })).then(
      (row) => row && toTaskRecord(row),
    );
  }

  override input(id: TaskId): Promise<TaskInput | undefined> {
    const row = this.one<TaskInputRow, { id: string }>(STATEMENTS.input, { id });
    return Promise.resolve(row && (JSON.parse(row.input) as TaskInput));
  }

  override eventsSince(id: TaskId, seq: number, limit: number): Promise<readonly TaskEvent[]> {
    const rows = this.all<TaskEventRow, { id: string; seq: number; limit: number }>(STATEMENTS.eventsSince, { id, seq, limit });
    return Promise.resolve(rows.map(toTaskEvent));
  }

  override artifact(id: TaskId): Promise<Artifact | null> {
    const row = this.one<TaskEventRow, { id: string }>(STATEMENTS.lastEvent, { id });
    const body = row && toTaskEvent(row).body;
    return Promise.resolve(body?.event === 'completed' ? body.artifact : null);
  }

  override findSubmission(namespace: Namespace, key: string): Promise<FoundSubmission | undefined> {
    const values = { namespace, key };
    const row = this.one<SubmissionRow, typeof values>(STATEMENTS.submission, values);
    return Promise.resolve(row && { taskId: row.task_id as TaskId, fingerprint: row.fingerprint });
  }

  override async list(namespace: Namespace | null, filter: TaskFilter): Promise<TaskPage> {
    return toPage(await this.scanner.rows(listQuery(builder, namespace, filter).compile()), filter.limit);
  }

  override async open(): Promise<readonly TaskRecord[]> {
    const rows = this.all<TaskRow, object>(STATEMENTS.open, {});
    return Promise.resolve(rows.map(toTaskRecord));
  }

  private one<Row, V>(statement: Prepared<V>, values: V): Row | undefined {
    return this.statement(statement).get(...statement.bind(values)) as Row | undefined;
  }

  private all<Row, V>(statement: Prepared<V>, values: V): Row[] {
    return this.statement(statement).all(...statement.bind(values)) as Row[];
  }

  private statement<V>(prepared: Prepared<V>): StatementSync {
    const key = prepared as Prepared<never>;
    let statement = this.read.get(key);
    if (!statement) this.read.set(key, (statement = this.reader.prepare(prepared.sql)));
    return statement;
  }
}

const eventRow = (id: TaskId, { seq, at, json }: TaskEvent): TaskEventRow => ({ task_id: id, seq, at, body: json });
