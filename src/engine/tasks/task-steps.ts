import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import {
  endsTask,
  stateAfter,
  type Progress,
  type TaskEventBody,
  type TaskFailure,
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
    private readonly store: TaskStore,
    private readonly log: TaskLog,
    private readonly live: LiveTasks,
    private readonly holdings: Holdings,
    private readonly waiting: WaitingQueue,
    private readonly deadlines: Deadlines,
  ) {}

  /** Takes one step; resolves when it is committed and its readers have been told. */
  async move(task: LiveTask, body: TaskEventBody, details: StepDetails = {}): Promise<void> {
    const event = this.apply(task, body, details);
    const { state, progress, error, endedAt, deadlineAt } = task.record;
    const committed = this.store.append(task.id, { event, state, progress, error, endedAt, deadlineAt });
    const ends = endsTask(body);
    const toTell = details.tellAgent && task.handed ? task.holder : undefined;
    if (ends) {
      task.ending = committed;
      this.deadlines.forget(task);
      this.waiting.remove(task);
      // After the write is in line: the slot that this frees may be given away by the next write.
      if (!toTell) this.holdings.release(task);
    }
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
      progress: progress ?? (state === 'queued' ? null : record.progress),
      error: error ?? null,
      updatedAt: now,
      endedAt: ended ? now : null,
      deadlineAt: ended ? null : task.deadlineFrom(now),
    };
    return event;
  }
}
