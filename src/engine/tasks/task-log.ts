import { Injectable } from '@nestjs/common';
import type { TaskId } from '../../core/ids.js';
import { endsTask, type TaskEvent } from '../../core/task.js';
import { TailCache } from './tail-cache.js';
import { TaskStore } from './task.store.js';

/** Events that a reader takes from the store at once: few at first, more while they are small. */
const FIRST_PAGE = 16;
const LARGEST_PAGE = 256;
/** What a reader holds at most while it stalls, in UTF-16 units of JSON; one event may be larger. */
const MAX_HELD = 64 * 1024;

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

/** One reader's way through the stored log: pages that fit into what a reader may hold. */
class Pages {
  private limit = FIRST_PAGE;

  constructor(
    private readonly store: TaskStore,
    private readonly id: TaskId,
  ) {}

  async after(seq: number): Promise<readonly TaskEvent[]> {
    const events = await this.store.eventsSince(this.id, seq, this.limit);
    const fitting = events.slice(0, countWithin(events, MAX_HELD));
    this.limit = fitting.length < events.length ? fitting.length : Math.min(2 * this.limit, LARGEST_PAGE);
    return fitting;
  }
}

/** How many events from the first on stay within a size; at least one if there is one. */
function countWithin(events: readonly TaskEvent[], units: number): number {
  let sum = 0;
  const tooMany = events.findIndex(({ json }, i) => (sum += json.length) > units && i > 0);
  return tooMany < 0 ? events.length : tooMany;
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
    const pages = new Pages(this.store, id);
    const stop = () => waker.wake();
    signal.addEventListener('abort', stop);
    try {
      let position = after;
      while (!signal.aborted) {
        const events = this.tails.since(id, position) ?? (await pages.after(position));
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
