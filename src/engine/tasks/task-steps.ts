import { Injectable } from '@nestjs/common';
import { TasksConfig } from '../../config/tasks.config.js';
import { Clock } from '../../core/clock.js';
import {
  endsTask,
  interruptsTask,
  stateAfter,
  type Progress,
  type TaskEvent,
  type TaskEventBody,
  type TaskFailure,
  type TaskRecord,
} from '../../core/task.js';
import { canMove } from '../../core/task-states.js';
import { Deadlines } from './deadlines.js';
import { Holdings } from './holdings.js';
import type { LiveTask } from './live-task.js';
import { LiveTasks } from './live-tasks.js';
import { TaskLog } from './task-log.js';
import { TaskStore } from './task.store.js';
import { WaitingQueue } from './waiting-queue.js';

/** What a step says besides its event. */
interface StepDetails {
  readonly progress?: Progress;
  readonly error?: TaskFailure;
  /** Its agent does not know that the task ends: it is told once that is on disk, and has its slot free only then. */
  readonly tellAgent?: boolean;
}

/** Moves tasks. Every change of state goes through here: decided at once, stored in order, published once it is on disk. */
@Injectable()
export class TaskSteps {
  constructor(
    private readonly clock: Clock,
    private readonly config: TasksConfig,
    private readonly store: TaskStore,
    private readonly log: TaskLog,
    private readonly live: LiveTasks,
    private readonly holdings: Holdings,
    private readonly waiting: WaitingQueue,
    private readonly deadlines: Deadlines,
  ) {}

  /** Takes one step; resolves when it is committed and its readers have been told. */
  async move(task: LiveTask, body: TaskEventBody, details: StepDetails = {}): Promise<void> {
    const toTell = details.tellAgent ? this.holdings.whoKnows(task) : undefined;
    const event = this.apply(task, body, details);
    const { state, turn, progress, error, endedAt, deadlineAt } = task.record;
    const committed = this.store.append(task.id, {
      event,
      state,
      turn,
      progress,
      error,
      endedAt,
      deadlineAt,
    });
    const ends = endsTask(body);
    if (ends) {
      task.ending = committed;
      this.deadlines.forget(task);
    }
    if (ends || interruptsTask(body)) {
      this.waiting.remove(task);
      // After the write is in line: the slot that this frees may be given away by the next write.
      if (!toTell) this.holdings.release(task);
    }
    if (task.interrupted || task.continues) this.deadlines.watch(task);
    await committed;
    toTell?.connection.cancel(task.id);
    if (toTell) this.holdings.release(task);
    task.committedSeq = event.seq;
    this.log.publish(task.id, event);
    if (ends) this.live.delete(task);
  }

  fail(task: LiveTask, code: TaskFailure['code'], message: string, tellAgent = false): Promise<void> {
    return this.move(task, { event: 'failed', error: message }, { error: { code, message }, tellAgent });
  }

  private apply(task: LiveTask, body: TaskEventBody, { progress, error }: StepDetails) {
    const { record } = task;
    const state = stateAfter(body);
    if (state !== record.state && !canMove(record.state, state))
      throw new Error(`illegal transition of ${record.id}: ${record.state} → ${state}`);
    const now = this.clock.now();
    const event = task.nextEvent(now, body);
    const ended = endsTask(body);
    task.record = {
      ...record,
      state,
      seq: event.seq,
      turn: turnAfter(record, event),
      progress: progress ?? (state === 'queued' ? null : record.progress),
      error: error ?? null,
      updatedAt: now,
      endedAt: ended ? now : null,
      deadlineAt: ended ? null : this.deadlineAfter(task, body, now),
    };
    task.note(body);
    return event;
  }

  /** A caller is given more time than an agent; neither's time counts for the other. */
  private deadlineAfter(task: LiveTask, body: TaskEventBody, now: number): number {
    if (interruptsTask(body)) return now + this.config.inputTimeout;
    if (body.event === 'queued' && body.message) return now + this.config.queueTimeout;
    return task.interrupted ? now + task.record.timeoutMs : task.deadlineFrom(now);
  }
}

/** The caller's answer goes to the agent that asked; whoever begins anew begins from the input. */
const turnAfter = ({ turn }: TaskRecord, { seq, body }: TaskEvent): number | null =>
  body.event !== 'queued' ? turn : body.message ? seq : null;
