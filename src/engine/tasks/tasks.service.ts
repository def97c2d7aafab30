import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { isTaskId, type TaskId } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import type { Artifact, NewTask, TaskEvent, TaskInput, TaskRecord, TaskReport } from '../../core/task.js';
import { isTerminal } from '../../core/task-states.js';
import { Policy } from '../auth/policy.js';
import type { Agent } from '../registry/agent.js';
import { LiveTasks } from './live-tasks.js';
import { Reports } from './reports.js';
import { storageUnavailable, Submissions } from './submissions.js';
import { TaskLog } from './task-log.js';
import { TaskStore, type TaskFilter, type TaskPage } from './task.store.js';
import { TaskSteps } from './task-steps.js';
import { unlessDown } from './unless-down.js';

/** A task as its caller sees it: only what is committed. */
export interface TaskView {
  readonly record: TaskRecord;
  readonly artifact: Artifact | null;
}

/** What a watcher gets. `reset`: the position it asked for is unknown; the full log follows. */
export type WatchItem = TaskEvent | typeof RESET;
export const RESET = 'reset';

export interface WatchOptions {
  /** Sequence of the last event that the watcher has, as it sent it (`Last-Event-ID`). */
  readonly after: string | undefined;
  readonly signal: AbortSignal;
}

/** How far a task's committed log goes. */
interface LogEnd {
  readonly id: TaskId;
  readonly seq: number;
  /** Its newest event is the terminal one. */
  readonly ended: boolean;
}

/** The engine's door for every protocol: submit, get, list, cancel, watch, and report for agents. */
@Injectable()
export class TasksService {
  constructor(
    private readonly clock: Clock,
    private readonly policy: Policy,
    private readonly store: TaskStore,
    private readonly submissions: Submissions,
    private readonly reports: Reports,
    private readonly live: LiveTasks,
    private readonly log: TaskLog,
    private readonly steps: TaskSteps,
  ) {}

  /** See {@link Submissions.submit}. */
  submit(caller: Principal, task: NewTask): Promise<TaskRecord> {
    return this.submissions.submit(caller, task);
  }

  /** See {@link Reports.take}. */
  report(from: Agent, id: string, report: TaskReport): Promise<void> {
    return this.reports.take(from, id, report);
  }

  /** @throws GatewayError TASK_NOT_FOUND, also for a task of another namespace */
  async get(caller: Principal, id: string): Promise<TaskView> {
    const record = await this.visible(caller, id);
    return { record, artifact: record.state === 'completed' ? await this.store.artifact(record.id) : null };
  }

  /** The record alone. @throws GatewayError as {@link get} */
  record(caller: Principal, id: string): Promise<TaskRecord> {
    return this.visible(caller, id);
  }

  /** What the agent got to work on. @throws GatewayError as {@link get} */
  async input(caller: Principal, id: string): Promise<TaskInput | undefined> {
    return this.store.input((await this.visible(caller, id)).id);
  }

  /** The tasks of the caller's namespace, newest first. */
  async list(caller: Principal, filter: TaskFilter): Promise<TaskPage> {
    this.policy.requireRight(caller, 'read');
    return this.store.list(caller.namespace, filter);
  }

  /**
   * Cancels a task in any state but a terminal one; resolves when that is on disk. The agent is told.
   * @throws GatewayError TASK_NOT_FOUND, TASK_TERMINAL, STORAGE_UNAVAILABLE (if that comes up on the way, the task is
   *   canceled once the storage is back)
   */
  async cancel(caller: Principal, id: string): Promise<TaskRecord> {
    this.policy.requireRight(caller, 'execute');
    const record = await this.visible(caller, id);
    const task = this.live.get(record.id);
    if (!task) throw terminal(isTerminal(record.state) ? record : await this.visible(caller, id));
    if (!this.store.available) throw storageUnavailable();
    if (task.ending) {
      await this.written(task.ending);
      throw terminal(task.record);
    }
    await this.written(this.steps.move(task, { event: 'canceled' }, { tellAgent: true }));
    return task.record;
  }

  /**
   * The task's log from the start or after a position, then live, up to its terminal event.
   * @throws GatewayError TASK_NOT_FOUND before the stream begins
   */
  async watch(caller: Principal, id: string, options: WatchOptions): Promise<AsyncIterable<WatchItem>> {
    const log = await this.logEnd(caller, id);
    const position = knownPosition(options.after, log.seq);
    if (position === undefined) return this.anew(log, options.signal);
    // A reader that has seen the end gets an empty stream, not one that waits for more.
    const at = position === log.seq && log.ended ? AbortSignal.abort() : options.signal;
    return this.log.watch(log.id, position, at);
  }

  private async *anew(log: LogEnd, signal: AbortSignal): AsyncGenerator<WatchItem> {
    yield RESET;
    yield* this.log.watch(log.id, 0, signal);
  }

  /** Live tasks answer from memory: a watcher usually comes right after the submission. */
  private async logEnd(caller: Principal, id: string): Promise<LogEnd> {
    const task = isTaskId(id) ? this.live.get(id) : undefined;
    if (!task) {
      const { id: known, seq, state } = await this.visible(caller, id);
      return { id: known, seq, ended: isTerminal(state) };
    }
    this.policy.requireRight(caller, 'read');
    if (!this.policy.canSee(caller, task.record.namespace)) throw notFound();
    return { id: task.id, seq: task.committedSeq, ended: false };
  }

  /** Waits for a write of an acknowledged task, but not for a storage that is down. */
  private written(write: Promise<void>): Promise<void> {
    return unlessDown(write, this.store, this.clock);
  }

  private async visible(caller: Principal, id: string): Promise<TaskRecord> {
    this.policy.requireRight(caller, 'read');
    const record = isTaskId(id) ? await this.store.get(id) : undefined;
    if (!record || !this.policy.canSee(caller, record.namespace)) throw notFound();
    return record;
  }
}

/** A position that the log knows: 0 (nothing seen) up to its newest event; undefined: unknown. */
function knownPosition(after: string | undefined, seq: number): number | undefined {
  if (after === undefined || after === '') return 0;
  return /^\d{1,15}$/.test(after) && Number(after) <= seq ? Number(after) : undefined;
}

/** The same words for unknown and foreign: nobody learns which ids exist. */
const notFound = (): GatewayError => new GatewayError('TASK_NOT_FOUND', 'task_id: no such task');

const terminal = ({ state }: TaskRecord): GatewayError =>
  new GatewayError('TASK_TERMINAL', `the task has ended already: ${state}`);
