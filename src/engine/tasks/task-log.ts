import { Injectable } from '@nestjs/common';
import type { TaskId } from '../../core/ids.js';
import { endsTask, type TaskEvent } from '../../core/task.js';
import { TailCache } from './tail-cache.js';
import { TaskStore } from './task.store.js';

const PAGE = 256;

/** A reader that may be waiting for the next event. */
class Waker {
  private woken = false;
  private resume: (() => void) | undefined;

  wake(): void {
    this.woken = true;
    this.resume?.();
  }

  /** Resolves at the next wake, or at once after one that nobody has waited for. */
  async next(): Promise<void> {
    if (!this.woken) await new Promise<void>((resolve) => (this.resume = resolve));
    this.woken = false;
    this.resume = undefined;
  }
}

/** The committed log of every task, and the one way to read it. The store is the truth; wake-ups only say that there is more. */
@Injectable()
export class TaskLog {
  private readonly wakers = new Map<TaskId, Set<Waker>>();
  private readonly tails = new TailCache();

  constructor(private readonly store: TaskStore) {}

  /** Tells the readers of a task that an event is committed. */
  publish(id: TaskId, event: TaskEvent): void {
    this.tails.append(id, event);
    const wakers = this.wakers.get(id);
    if (wakers) for (const waker of wakers) waker.wake();
  }

  /**
   * The task's events after sequence `after`: what is stored, then what comes, without gap or duplicate, up to and
   * including the terminal event. Pulls: a reader that does not ask for more holds nothing but its position.
   * Ends early when `signal` aborts.
   */
  async *watch(id: TaskId, after: number, signal: AbortSignal): AsyncGenerator<TaskEvent, void, void> {
    const waker = this.listen(id);
    const stop = () => waker.wake();
    signal.addEventListener('abort', stop);
    try {
      let position = after;
      while (!signal.aborted) {
        const events = await this.read(id, position);
        for (const event of events) {
          yield event;
          if (signal.aborted || endsTask(event.body)) return;
          position = event.seq;
        }
        if (events.length === 0) await waker.next();
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.unlisten(id, waker);
    }
  }

  /** Readers under way. */
  get readers(): number {
    let count = 0;
    for (const wakers of this.wakers.values()) count += wakers.size;
    return count;
  }

  private read(id: TaskId, after: number): readonly TaskEvent[] | Promise<readonly TaskEvent[]> {
    return this.tails.since(id, after) ?? this.store.eventsSince(id, after, PAGE);
  }

  /** Listening starts before the first read, so nothing that is committed between the two is missed. */
  private listen(id: TaskId): Waker {
    const waker = new Waker();
    const wakers = this.wakers.get(id);
    if (wakers) wakers.add(waker);
    else this.wakers.set(id, new Set([waker]));
    return waker;
  }

  private unlisten(id: TaskId, waker: Waker): void {
    const wakers = this.wakers.get(id);
    wakers?.delete(waker);
    if (wakers?.size === 0) this.wakers.delete(id);
  }
}
