import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../core/errors.js';
import { isTaskId } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import type { Artifact, NewTask, TaskEvent, TaskRecord, TaskReport } from '../../core/task.js';
import { isTerminal } from '../../core/task-states.js';
import { Policy } from '../auth/policy.js';
import type { Agent } from '../registry/agent.js';
import { LiveTasks } from './live-tasks.js';
import { Reports } from './reports.js';
import { storageUnavailable, Submissions } from './submissions.js';
import { TaskLog } from './task-log.js';
import { TaskStore, type TaskFilter, type TaskPage } from './task.store.js';
import { TaskSteps } from './task-steps.js';

/** A task as its caller sees it: only what is committed. */
export interface TaskView {
  readonly record: TaskRecord;
  readonly artifact: Artifact | null;
}

/** What a watcher gets. `reset`: the position it asked for is unknown; the full log follows. */
export type WatchItem = { readonly kind: 'event'; readonly event: TaskEvent } | { readonly kind: 'reset' };

export interface WatchOptions {
  /** Sequence of the last event that the watcher has, as it sent it (`Last-Event-ID`). */
  readonly after: string | undefined;
  readonly signal: AbortSignal;
}

/** The engine's door for every protocol: submit, get, list, cancel, watch, and report for agents. */
@Injectable()
export class TasksService {
  constructor(
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

  /** The tasks of the caller's namespace, newest first. */
  async list(caller: Principal, filter: TaskFilter): Promise<TaskPage> {
    this.policy.requireRight(caller, 'read');
    return this.store.list(caller.namespace, filter);
  }

  /**
   * Cancels a task in any state but a terminal one; resolves when that is on disk. The agent is told.
   * @throws GatewayError TASK_NOT_FOUND, TASK_TERMINAL, STORAGE_UNAVAILABLE
   */
  async cancel(caller: Principal, id: string): Promise<TaskRecord> {
    this.policy.requireRight(caller, 'execute');
    const { record } = await this.get(caller, id);
    const task = this.live.get(record.id);
    if (!task || task.ended) throw terminal(task?.record ?? record);
    if (!this.store.available) throw storageUnavailable();
    const { holder } = task;
    await this.steps.move(task, { event: 'canceled' });
    holder?.connection.cancel(task.id);
    return task.record;
  }

  /**
   * The task's log from the start or after a position, then live, up to its terminal event.
   * @throws GatewayError TASK_NOT_FOUND before the stream begins
   */
  async watch(caller: Principal, id: string, options: WatchOptions): Promise<AsyncIterable<WatchItem>> {
    const { record } = await this.visibleNow(caller, id);
    const position = knownPosition(options.after, record.seq);
    return this.items(record, position, options.signal);
  }

  private async *items(record: TaskRecord, position: number | undefined, signal: AbortSignal): AsyncGenerator<WatchItem> {
    if (position === undefined) yield { kind: 'reset' };
    for await (const event of this.log.watch(record.id, position ?? 0, signal)) yield { kind: 'event', event };
  }

  /** Live tasks answer from memory: a watcher usually comes right after the submission. */
  private async visibleNow(caller: Principal, id: string): Promise<{ record: Pick<TaskRecord, 'id' | 'seq'> & TaskRecord }> {
    const task = isTaskId(id) ? this.live.get(id) : undefined;
    if (!task) return { record: await this.visible(caller, id) };
    this.policy.requireRight(caller, 'read');
    if (!this.policy.canSee(caller, task.record.namespace)) throw notFound();
    return { record: { ...task.record, seq: task.committedSeq } };
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

const terminal = (record: TaskRecord): GatewayError =>
  new GatewayError('TASK_TERMINAL', `the task has ended already: ${isTerminal(record.state) ? record.state : 'canceled'}`);
