import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { isTaskId, type TaskId } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import {
  artifactsOf,
  messageOf,
  type Artifact,
  type Message,
  type NewTask,
  type TaskEvent,
  type TaskEventBody,
  type TaskRecord,
  type TaskReport,
} from '../../core/task.js';
import { isTerminal } from '../../core/task-states.js';
import { Policy } from '../auth/policy.js';
import type { Agent } from '../registry/agent.js';
import { Continuations } from './continuations.js';
import { Conversations } from './conversations.js';
import { LiveTask } from './live-task.js';
import { LiveTasks } from './live-tasks.js';
import { Reports } from './reports.js';
import { storageUnavailable, Submissions } from './submissions.js';
import { TaskCalls } from './task-calls.js';
import { TaskLog } from './task-log.js';
import { TaskStore, type TaskFilter, type TaskPage } from './task.store.js';
import { TaskSteps } from './task-steps.js';
import { unlessDown } from './unless-down.js';

/** A task as its caller sees it: only what is committed. */
export interface TaskView {
  readonly record: TaskRecord;
  /** The main artifact, or the only one, once the task is completed. */
  readonly artifact: Artifact | null;
  /** All artifacts, as far as they have grown; of a task that ended otherwise: none. */
  readonly artifacts: readonly Artifact[];
  /** What the agent says about where the task stands. */
  readonly message: Message | null;
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

/** The engine's door for every protocol: submit, continue, get, list, cancel, watch, and report for agents. */
@Injectable()
export class TasksService {
  constructor(
    private readonly clock: Clock,
    private readonly policy: Policy,
    private readonly store: TaskStore,
    private readonly submissions: Submissions,
    private readonly continuations: Continuations,
    private readonly conversations: Conversations,
    private readonly reports: Reports,
    private readonly live: LiveTasks,
    private readonly log: TaskLog,
    private readonly steps: TaskSteps,
    private readonly calls: TaskCalls,
  ) {}

  /** See {@link Submissions.submit}. */
  submit(caller: Principal, task: NewTask): Promise<TaskRecord> {
    return this.submissions.submit(caller, task);
  }

  /** See {@link Reports.take}. */
  report(from: Agent, id: string, report: TaskReport): Promise<void> {
    return this.reports.take(from, id, report);
  }

  /**
   * Answers an agent that waits for its caller; resolves when that is on disk. The agent gets it as soon as it is here and
   * has room. The same `messageId` again is the same answer.
   * @throws GatewayError TASK_NOT_FOUND, TASK_TERMINAL, CONFLICT (the agent waits for nothing), STORAGE_UNAVAILABLE
   */
  async continueTask(caller: Principal, id: string, message: Message): Promise<TaskRecord> {
    this.policy.requireRight(caller, 'execute');
    const task = await this.open(caller, id);
    if (await this.continuations.wasGiven(task.id, message)) return this.visible(caller, id);
    if (!this.store.available) throw storageUnavailable();
    if (task.ending) await this.hasEnded(task);
    const taken = this.continuations.take(task, message);
    this.calls.tell('continue', task.record, caller);
    await this.written(taken);
    return this.visible(caller, id); // what is on disk: the task itself may be ahead of it
  }

  /** See {@link Reports.giveBack}. */
  giveBack(from: Agent, id: TaskId): void {
    this.reports.giveBack(from, id);
  }

  /** @throws GatewayError TASK_NOT_FOUND, also for a task of another namespace */
  async get(caller: Principal, id: string): Promise<TaskView> {
    let record = await this.visible(caller, id);
    const live = this.live.get(record.id);
    if (!isTerminal(record.state) && live)
      return { record, artifact: null, ...(await this.soFar(record, live)) };
    // It has ended since it was read.
    if (!isTerminal(record.state)) record = await this.visible(caller, id);
    if (record.state !== 'completed' && record.state !== 'rejected') return { record, ...NOTHING };
    return { record, ...made((await this.store.lastEvent(record.id))?.body) };
  }

  /**
   * What caller and agent have said, oldest first: the input, answers, questions and words about where the task stands.
   * @param limit only the newest so many
   * @throws GatewayError as {@link get}
   */
  async history(caller: Principal, id: string, limit = Infinity): Promise<readonly Message[]> {
    const record = await this.visible(caller, id);
    const said = await this.conversations.of(record.id);
    return limit > 0 ? said.slice(-limit) : [];
  }

  /** The record alone. @throws GatewayError as {@link get} */
  record(caller: Principal, id: string): Promise<TaskRecord> {
    return this.visible(caller, id);
  }

  /** The tasks of the caller's namespace, in the order that the filter asks for. */
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
    const task = await this.open(caller, id);
    if (!this.store.available) throw storageUnavailable();
    if (task.ending) await this.hasEnded(task);
    const canceled = this.steps.move(task, { event: 'canceled' }, { tellAgent: true });
    this.calls.tell('cancel', task.record, caller);
    await this.written(canceled);
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
    if (!this.policy.mayReach(caller, task.record.namespace, id)) throw notFound();
    return { id: task.id, seq: task.committedSeq, ended: false };
  }

  /** A task that has not ended, as far as is on disk. @throws GatewayError TASK_NOT_FOUND, TASK_TERMINAL */
  private async open(caller: Principal, id: string): Promise<LiveTask> {
    const record = await this.visible(caller, id);
    const task = this.live.get(record.id);
    if (!task) throw terminal(isTerminal(record.state) ? record : await this.visible(caller, id));
    return task;
  }

  /** @throws GatewayError TASK_TERMINAL once the end is on disk, STORAGE_UNAVAILABLE */
  private async hasEnded(task: LiveTask): Promise<never> {
    await this.written(task.ending!);
    throw terminal(task.record);
  }

  /** What there is of a task that goes on, exactly as of its record: whoever goes on after `seq` misses nothing and gets nothing twice. */
  private async soFar(record: TaskRecord, task: LiveTask): Promise<Pick<TaskView, 'artifacts' | 'message'>> {
    if (record.seq === task.record.seq) return { artifacts: task.artifacts, message: task.said };
    const onDisk = new LiveTask(record);
    await this.conversations.replay(onDisk, record.seq);
    return { artifacts: onDisk.artifacts, message: onDisk.said };
  }

  /** Waits for a write of an acknowledged task, but not for a storage that is down. */
  private written(write: Promise<void>): Promise<void> {
    return unlessDown(write, this.store, this.clock);
  }

  private async visible(caller: Principal, id: string): Promise<TaskRecord> {
    this.policy.requireRight(caller, 'read');
    const record = isTaskId(id) ? await this.store.get(id) : undefined;
    if (!record || !this.policy.mayReach(caller, record.namespace, id)) throw notFound();
    return record;
  }
}

const NOTHING = { artifact: null, artifacts: [], message: null };

/** What the last entry of a log says. */
function made(body: TaskEventBody | undefined): Omit<TaskView, 'record'> {
  const message = (body && messageOf(body)) ?? null;
  if (body?.event !== 'completed') return { ...NOTHING, message };
  return { artifact: body.artifact, artifacts: artifactsOf(body), message };
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
