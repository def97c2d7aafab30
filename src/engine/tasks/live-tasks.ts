import { Injectable } from '@nestjs/common';
import type { TaskId } from '../../core/ids.js';
import type { LiveTask } from './live-task.js';

/** Who wants to know which tasks come and go; called at once, after the commit. */
export interface TaskObserver {
  submitted?(task: LiveTask): void;
  /** One of the process before. */
  takenUp?(task: LiveTask): void;
  ended?(task: LiveTask): void;
}

/** Every task of this process that has not ended. */
@Injectable()
export class LiveTasks {
  private readonly tasks = new Map<TaskId, LiveTask>();
  private readonly observers: TaskObserver[] = [];

  observe(observer: TaskObserver): void {
    this.observers.push(observer);
  }

  /** A new task. */
  add(task: LiveTask): void {
    this.tasks.set(task.id, task);
    for (const observer of this.observers) observer.submitted?.(task);
  }

  /** A task of the process before. */
  takeUp(task: LiveTask): void {
    this.tasks.set(task.id, task);
    for (const observer of this.observers) observer.takenUp?.(task);
  }

  /** A task that has ended. */
  delete(task: LiveTask): void {
    this.tasks.delete(task.id);
    for (const observer of this.observers) observer.ended?.(task);
  }

  get(id: TaskId): LiveTask | undefined {
    return this.tasks.get(id);
  }

  [Symbol.iterator](): IterableIterator<LiveTask> {
    return this.tasks.values();
  }

  get size(): number {
    return this.tasks.size;
  }
}
