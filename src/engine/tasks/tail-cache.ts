import type { TaskId } from '../../core/ids.js';
import type { TaskEvent } from '../../core/task.js';

/** Limits in UTF-16 units of JSON, and in tasks. */
const MAX_UNITS = 2 * 1024 * 1024;
const MAX_UNITS_PER_TASK = 64 * 1024;
const MAX_TASKS = 512;

interface Tail {
  events: TaskEvent[];
  units: number;
}

/** The newest committed events of the tasks that moved last: readers that keep up never touch the store. */
export class TailCache {
  private readonly tails = new Map<TaskId, Tail>();
  private units = 0;

  append(id: TaskId, event: TaskEvent): void {
    const tail = this.tails.get(id) ?? { events: [], units: 0 };
    this.tails.delete(id);
    this.tails.set(id, tail); // now the newest
    tail.events.push(event);
    this.grow(tail, event.json.length);
    while (tail.units > MAX_UNITS_PER_TASK) this.grow(tail, -tail.events.shift()!.json.length);
    while (this.units > MAX_UNITS || this.tails.size > MAX_TASKS) this.dropOldest();
  }

  /** Events after `seq`; undefined when they are not all here. */
  since(id: TaskId, seq: number): readonly TaskEvent[] | undefined {
    const events = this.tails.get(id)?.events;
    const first = events?.[0]?.seq;
    if (!events || first === undefined || first > seq + 1) return undefined;
    return events.slice(seq + 1 - first);
  }

  private grow(tail: Tail, units: number): void {
    tail.units += units;
    this.units += units;
  }

  private dropOldest(): void {
    const [id, tail] = this.tails.entries().next().value!;
    this.tails.delete(id);
    this.units -= tail.units;
  }
}
