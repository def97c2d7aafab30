import { Injectable } from '@nestjs/common';
import type { TaskId } from '../../core/ids.js';
import type { LiveTask } from './live-task.js';

/** Every task of this process that has not ended. */
@Injectable()
export class LiveTasks {
  private readonly tasks = new Map<TaskId, LiveTask>();

  add(task: LiveTask): void {
    this.tasks.set(task.id, task);
  }

  delete(task: LiveTask): void {
    this.tasks.delete(task.id);
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
