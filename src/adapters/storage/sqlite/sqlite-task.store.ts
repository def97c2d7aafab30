import type { CompiledQuery } from 'kysely';
import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ConfigError } from '../../../config/config.error.js';
import { GatewayError } from '../../../core/errors.js';
import type { Namespace, TaskId } from '../../../core/ids.js';
import type { Artifact, LateResult, TaskEvent, TaskInput, TaskRecord } from '../../../core/task.js';
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
import { Prepared } from '../prepared.js';
import type { SubmissionRow, TaskEventRow, TaskRow } from '../schema.js';
import { listTasks } from '../task-list.js';
import { firstIdAt, toTaskEvent, toTaskRecord, toTaskRow } from '../task-rows.js';
import { taskStatements } from '../task-statements.js';
import { copyDatabase, flush, removeLog } from './copy.js';
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
  NUMBER.get(statement)!,
  mustChange,
  statement.bind(values),
];

/**
 * Tasks in a SQLite file. Commits happen on a thread of their own; reads by key happen here (WAL: they never wait for
 * a writer), reads that may look at many rows on a third thread.
 */
export class SqliteTaskStore extends TaskStore {
  private readonly statements = new Map<Prepared<never>, StatementSync>();
  private closed: Promise<void> | undefined;
  private moving: Promise<void> | undefined;

  private constructor(
    private readonly location: SqliteLocation,
    private readonly lock: DatabaseSync,
    private reader: DatabaseSync,
    private readonly commits: GroupCommit,
    private scanner: Scanner,
  ) {
    super();
    commits.renew = (endWriter) => this.renew(endWriter);
  }

  /**
   * Opens (and makes or migrates) the database.
   * @throws ConfigError with a message for the operator: in use, newer schema, cannot be read or written
   */
  static async open(url: string): Promise<SqliteTaskStore> {
    const location = locate(url);
    const opened: DatabaseSync[] = [];
    try {
      const { file, durable } = location;
      const lock = lockFile(file);
      opened.push(lock);
      await prepareFile(location);
      const reader = openForReading(file);
      opened.push(reader);
      const commits = await GroupCommit.start({ file, durable, statements: SQL }, op(STATEMENTS.probe, {}));
      return new SqliteTaskStore(location, lock, reader, commits, new Scanner(file));
    } catch (error) {
      for (const database of opened.reverse()) database.close();
      location.dispose();
      throw error instanceof ConfigError ? error : unusable(location.file, error);
    }
  }

  /** Writes what is in line, then lets go of the file. */
  close(): Promise<void> {
    return (this.closed ??= this.end());
  }

  /**
   * The connection that writes goes last: it clears up the log, so that the file alone is the whole database. But not
   * when a flush has failed: then the log is what can be trusted, and stays.
   */
  private async end(): Promise<void> {
    await this.commits.drain();
    await this.scanner.close();
    if (this.commits.isSound) this.reader.close();
    await this.commits.close();
    if (this.reader.isOpen) this.reader.close();
    this.lock.close();
    this.location.dispose();
  }

  /**
   * Moves to a copy of the database, in its place. Nothing is committed meanwhile, so the copy and the old log agree
   * page by page: whenever the process ends, what is there is whole. Reads by key go on, lists wait for some milliseconds.
   */
  private async renew(endWriter: () => Promise<void>): Promise<void> {
    const { file } = this.location;
    const copy = `${file}.copy`;
    await copyDatabase(file, copy);
    renameSync(copy, file);
    flush(dirname(file));
    const moved = Promise.withResolvers<void>();
    this.moving = moved.promise;
    try {
      await endWriter();
      await this.scanner.close();
      this.openCopy();
    } finally {
      moved.resolve();
    }
  }

  /** No connection to the old file may be left when the first to the new one is opened: they share the names beside it. */
  private openCopy(): void {
    const { file } = this.location;
    if (this.reader.isOpen) this.reader.close();
    this.statements.clear();
    removeLog(file);
    this.reader = openForReading(file);
    this.scanner = new Scanner(file);
  }

  override onCommit(listener: CommitListener): void {
    this.commits.onCommit.push(listener);
  }

  override get available(): boolean {
    return this.commits.available;
  }

  override submit({ record, input, event, submission }: NewTaskRecord): Promise<void> {
    const ops = [
      op(STATEMENTS.insertTask, toTaskRow(record)),
      op(STATEMENTS.insertEvent, eventRow(record.id, event, JSON.stringify(input))),
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
      agent_principal: change.agentPrincipal,
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
    return this.commits.write(
      [op(STATEMENTS.step, values, true), op(STATEMENTS.insertEvent, eventRow(id, event))],
      false,
    );
  }

  override postpone(id: TaskId, deadlineAt: number): Promise<void> {
    return this.commits.write([op(STATEMENTS.postpone, { id, deadline_at: deadlineAt })], false);
  }

  override keepLate(id: TaskId, late: LateResult): Promise<void> {
    return this.commits.write([op(STATEMENTS.keepLate, { id, late_result: JSON.stringify(late) })], false);
  }

  override async purge(endedBefore: number, limit: number): Promise<number> {
    const values = { before_id: firstIdAt(endedBefore), before: endedBefore, limit };
    const rows = await this.all<{ id: string }, typeof values>(STATEMENTS.expired, values);
    const { deleteTask, deleteEvents, deleteSubmissions } = STATEMENTS;
    const ops = rows.flatMap(({ id }) =>
      [deleteTask, deleteEvents, deleteSubmissions].map((statement) => op(statement, { id })),
    );
    if (ops.length > 0) await this.commits.write(ops, true);
    return rows.length;
  }

  override async get(id: TaskId): Promise<TaskRecord | undefined> {
    const row = await this.one<TaskRow, { id: string }>(STATEMENTS.task, { id });
    return row && toTaskRecord(row);
  }

  override async input(id: TaskId): Promise<TaskInput | undefined> {
    const row = await this.one<Pick<TaskEventRow, 'input'>, { id: string }>(STATEMENTS.input, { id });
    return row?.input ? (JSON.parse(row.input) as TaskInput) : undefined;
  }

  override async eventsSince(id: TaskId, seq: number, limit: number): Promise<readonly TaskEvent[]> {
    const values = { id, seq, limit };
    return (await this.all<TaskEventRow, typeof values>(STATEMENTS.eventsSince, values)).map(toTaskEvent);
  }

  override async artifact(id: TaskId): Promise<Artifact | null> {
    const row = await this.one<TaskEventRow, { id: string }>(STATEMENTS.lastEvent, { id });
    const body = row && toTaskEvent(row).body;
    return body?.event === 'completed' ? body.artifact : null;
  }

  override async findSubmission(namespace: Namespace, key: string): Promise<FoundSubmission | undefined> {
    const values = { namespace, key };
    const row = await this.one<SubmissionRow, typeof values>(STATEMENTS.submission, values);
    return row && { taskId: row.task_id as TaskId, fingerprint: row.fingerprint };
  }

  override async list(namespace: Namespace | null, filter: TaskFilter): Promise<TaskPage> {
    return listTasks((query) => this.scan(query), builder, namespace, filter);
  }

  override async open(): Promise<readonly TaskRecord[]> {
    return (await this.all<TaskRow, object>(STATEMENTS.open, {})).map(toTaskRecord);
  }

  private async scan<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    await this.moving;
    try {
      return await this.scanner.rows(query);
    } catch (error) {
      throw unreadable(error);
    }
  }

  private one<Row, V>(statement: Prepared<V>, values: V): Promise<Row | undefined> {
    return this.read(() => this.statement(statement).get(...statement.bind(values)) as Row | undefined);
  }

  private all<Row, V>(statement: Prepared<V>, values: V): Promise<Row[]> {
    return this.read(() => this.statement(statement).all(...statement.bind(values)) as Row[]);
  }

  private read<T>(query: () => T): Promise<T> {
    try {
      return Promise.resolve(query());
    } catch (error) {
      return Promise.reject(unreadable(error));
    }
  }

  private statement<V>(prepared: Prepared<V>): StatementSync {
    const key = prepared as Prepared<never>;
    let statement = this.statements.get(key);
    if (!statement) this.statements.set(key, (statement = this.reader.prepare(prepared.sql)));
    return statement;
  }
}

const unreadable = (cause: unknown): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage cannot be read now', { retryAfterS: 5, cause });

const unusable = (file: string, error: unknown): ConfigError =>
  new ConfigError([
    `storage.url: ${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
  ]);

const eventRow = (id: TaskId, { seq, at, json }: TaskEvent, input: string | null = null): TaskEventRow => ({
  task_id: id,
  seq,
  at,
  body: json,
  input,
});
