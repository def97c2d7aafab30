import { Injectable } from '@nestjs/common';
import type { Principal } from '../../core/principal.js';
import type { TaskRecord } from '../../core/task.js';

/** What a caller can do to a task. */
export type TaskCall = 'submit' | 'continue' | 'cancel';

/** Called while what the caller does is put in line for the disk; again with the error, when it could not be done after all. */
export type TaskCallListener = (call: TaskCall, task: TaskRecord, caller: Principal, error: unknown) => void;

/** Tells what callers do to tasks, whichever protocol they speak. What agents report is in the logs of the tasks. */
@Injectable()
export class TaskCalls {
  private readonly listeners: TaskCallListener[] = [];

  listen(listener: TaskCallListener): void {
    this.listeners.push(listener);
  }

  tell(call: TaskCall, task: TaskRecord, caller: Principal, error?: unknown): void {
    for (const listener of this.listeners) listener(call, task, caller, error);
  }
}
