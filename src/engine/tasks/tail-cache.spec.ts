import type { TaskId } from '../../core/ids.js';
import { taskEvent, type TaskEvent } from '../../core/task.js';
import { TailCache } from './tail-cache.js';

const A = 'a' as TaskId;
let cache: TailCache;

const event = (seq: number, size = 10): TaskEvent =>
  taskEvent(seq, 0, { event: 'progress', pct: 1, message: 'x'.repeat(size) });
const seqs = (id: TaskId, after: number): number[] | undefined =>
  cache.since(id, after)?.map(({ seq }) => seq);
const fill = (id: TaskId, from: number, to: number, size?: number): void => {
  for (let seq = from; seq <= to; seq++) cache.append(id, event(seq, size));
};
/** What it holds, in UTF-16 units and tasks. */
const held = () => {
  const { tails } = cache as unknown as { tails: Map<TaskId, { events: TaskEvent[] }> };
  const units = [...tails.values()]
    .flatMap(({ events }) => events)
    .reduce((sum, { json }) => sum + json.length, 0);
  return { units, tasks: tails.size };
};

beforeEach(() => (cache = new TailCache()));

it('answers with everything after a position, nothing when there is nothing more', () => {
  fill(A, 1, 5);
  expect([seqs(A, 0), seqs(A, 3), seqs(A, 5)]).toEqual([[1, 2, 3, 4, 5], [4, 5], []]);
});

it('does not answer when it has not everything', () => {
  expect(seqs(A, 0)).toBeUndefined();
  fill(A, 4, 6);
  expect([seqs(A, 2), seqs(A, 3), seqs(A, 4)]).toEqual([undefined, [4, 5, 6], [5, 6]]);
});

it('drops the oldest events of a task that has many', () => {
  fill(A, 1, 1_000, 1_000);
  expect(seqs(A, 0)).toBeUndefined();
  expect(seqs(A, 990)).toEqual([991, 992, 993, 994, 995, 996, 997, 998, 999, 1_000]);
  expect(held().units).toBeLessThanOrEqual(64 * 1024);
});

it('does not keep an event that is too large, and goes on after it', () => {
  fill(A, 1, 2);
  cache.append(A, event(3, 100_000));
  expect([seqs(A, 0), seqs(A, 2)]).toEqual([undefined, undefined]);
  fill(A, 4, 5);
  expect([seqs(A, 2), seqs(A, 3)]).toEqual([undefined, [4, 5]]);
});

it('forgets tasks that have not moved for the longest time', () => {
  for (let i = 0; i < 10_000; i++) {
    cache.append(`t${i}` as TaskId, event(1));
    if (i % 100 === 0) cache.append(A, event(1 + i / 100)); // moves all the time
  }
  expect(held().tasks).toBeLessThanOrEqual(4_096);
  expect(seqs('t1' as TaskId, 0)).toBeUndefined();
  expect(seqs('t9999' as TaskId, 0)).toEqual([1]);
  expect(seqs(A, 98)).toEqual([99, 100]);
});

it('holds a bounded amount, however much passes through', () => {
  for (let i = 0; i < 2_000; i++) fill(`t${i}` as TaskId, 1, 3, 20_000);
  expect(held().units).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect((cache as unknown as { units: number }).units).toBe(held().units);
});
