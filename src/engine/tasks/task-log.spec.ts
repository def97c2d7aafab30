import type { TaskId } from '../../core/ids.js';
import { taskEvent, type TaskEvent, type TaskEventBody } from '../../core/task.js';
import { completed, newTask, step } from '../../../test/support/stored-tasks.js';
import { settle, turn } from '../../../test/fakes/engine.js';
import { MemoryTaskStore } from '../../../test/fakes/memory-task.store.js';
import { TaskLog } from './task-log.js';

let store: MemoryTaskStore;
let log: TaskLog;
let id: TaskId;

const progress = (pct: number, message = ''): TaskEventBody => ({ event: 'progress', pct, message });

/** Stores an event and publishes it, as a step does. */
async function move(seq: number, body: TaskEventBody = progress(seq), task = id): Promise<void> {
  await store.append(task, step(seq, body));
  log.publish(task, taskEvent(seq, 0, body));
}

async function submitted(): Promise<TaskId> {
  const task = newTask();
  await store.submit(task);
  log.publish(task.record.id, task.event);
  return task.record.id;
}

/** A reader that takes what comes. */
class Reader {
  readonly seen: number[] = [];
  readonly abort = new AbortController();
  ended = false;
  readonly over: Promise<void>;

  constructor(after = 0, task = id) {
    this.over = this.run(after, task);
  }

  private async run(after: number, task: TaskId): Promise<void> {
    for await (const { seq } of log.watch(task, after, this.abort.signal)) this.seen.push(seq);
    this.ended = true;
  }
}

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

beforeEach(async () => {
  store = new MemoryTaskStore();
  log = new TaskLog(store);
  id = await submitted();
});

it('gives the log from the start, then what comes, up to the end', async () => {
  await move(2);
  const reader = new Reader();
  await settle();
  expect(reader.seen).toEqual([1, 2]);
  await move(3);
  await settle();
  expect(reader.seen).toEqual([1, 2, 3]);
  await move(4, { event: 'completed', artifact: null });
  await reader.over;
  expect(reader.seen).toEqual([1, 2, 3, 4]);
  expect(log.readers).toBe(0);
});

it('begins after a position', async () => {
  for (const seq of [2, 3, 4]) await move(seq);
  const [some, none] = [new Reader(2), new Reader(4)];
  await settle();
  expect([some.seen, none.seen]).toEqual([[3, 4], []]);
  await move(5, { event: 'canceled' });
  await Promise.all([some.over, none.over]);
  expect([some.seen, none.seen]).toEqual([[3, 4, 5], [5]]);
});

it('gives a finished log of a former process, page by page', async () => {
  for (let seq = 2; seq < 700; seq++) void store.append(id, step(seq, progress(seq)));
  await store.append(id, completed(700));
  log = new TaskLog(store); // knows nothing but the store
  const reader = new Reader();
  await reader.over;
  expect(reader.seen).toEqual(upTo(700));
});

it('misses and doubles nothing while events come as fast as it reads', async () => {
  const readers: Reader[] = [];
  for (let seq = 2; seq <= 400; seq++) {
    if (seq % 7 === 0) readers.push(new Reader());
    if (seq % 11 === 0) readers.push(new Reader(seq - 2));
    await move(seq);
  }
  await move(401, { event: 'failed', error: 'no' });
  await Promise.all(readers.map(({ over }) => over));
  for (const { seen } of readers) expect(seen).toEqual(upTo(401, seen[0]));
});

it('misses nothing that is committed while it reads the store', async () => {
  store = new MemoryTaskStore({ automatic: false });
  log = new TaskLog(store);
  const task = newTask();
  void store.submit(task);
  store.commit();
  const reader = new Reader(1, task.record.id); // asks the store: nothing yet
  await turn();
  const body: TaskEventBody = { event: 'completed', artifact: null };
  void store.append(task.record.id, step(2, body));
  store.commit();
  log.publish(task.record.id, taskEvent(2, 0, body));
  store.answer(0, true); // as it was when it was asked
  while (!reader.ended) {
    await turn();
    store.answer();
  }
  expect(reader.seen).toEqual([2]);
});

it('reads from the store what has been dropped from memory', async () => {
  const slow = log.watch(id, 0, new AbortController().signal);
  expect((await slow.next()).value).toMatchObject({ seq: 1 });
  for (let i = 0; i < 600; i++) await move(2, progress(2), await submitted()); // others push it out
  for (const seq of [2, 3]) await move(seq);
  await move(4, { event: 'completed', artifact: null });
  const rest: number[] = [];
  for await (const { seq } of slow) rest.push(seq);
  expect(rest).toEqual([2, 3, 4]);
});

it('ends when its reader hangs up: while it waits, while it reads, and before it begins', async () => {
  const waiting = new Reader();
  await settle();
  waiting.abort.abort();
  await waiting.over;
  const reading = log.watch(id, 0, AbortSignal.abort());
  expect(await reading.next()).toEqual({ done: true, value: undefined });
  const abort = new AbortController();
  const between = log.watch(id, 0, abort.signal);
  await between.next();
  abort.abort();
  expect(await between.next()).toMatchObject({ done: true });
  expect(log.readers).toBe(0);
});

it('forgets a reader that leaves the loop', async () => {
  await move(2);
  for await (const { seq } of log.watch(id, 0, new AbortController().signal)) if (seq === 1) break;
  expect(log.readers).toBe(0);
});

describe('a reader that stalls', () => {
  const stalled = async (count: number): Promise<AsyncGenerator<TaskEvent>[]> => {
    const readers = Array.from({ length: count }, () => log.watch(id, 0, new AbortController().signal));
    for (const reader of readers) await reader.next();
    return readers;
  };
  const LARGE = 'x'.repeat(50_000);

  it('holds little, however much comes and however many there are', async () => {
    const before = (await measured()).heapUsed;
    const readers = await stalled(200);
    for (let seq = 2; seq <= 1_000; seq++) await move(seq, progress(seq, LARGE));
    // Each goes on by one step and stalls again, now in the middle of 50 MB of stored events.
    for (const reader of readers) await reader.next();
    const { heapUsed } = await measured();
    for (const reader of readers) void reader.return(undefined);
    readers.length = 0;
    // 50 MB are the store's; one page per reader of what is in memory for all would be 200 × 64 KiB.
    expect(heapUsed - before).toBeLessThan(300 * 1024 * 1024);
  });

  it('asks for pages that fit: few large events, many small ones', async () => {
    const asked: number[] = [];
    const given: number[] = [];
    const eventsSince = store.eventsSince.bind(store);
    store.eventsSince = async (task, seq, limit) => {
      const events = await eventsSince(task, seq, limit);
      asked.push(limit);
      given.push(events.reduce((sum, { json }) => sum + json.length, 0));
      return events;
    };
    for (let seq = 2; seq <= 60; seq++) void store.append(id, step(seq, progress(seq, LARGE)));
    for (let seq = 61; seq <= 2_000; seq++) void store.append(id, step(seq, progress(seq)));
    await store.append(id, completed(2_001));
    log = new TaskLog(store);
    const reader = new Reader();
    await reader.over;
    expect(reader.seen).toEqual(upTo(2_001));
    expect(Math.max(...given)).toBeLessThan(17 * 51_000); // the first page is a guess
    expect(given.slice(2, 20).every((units) => units < 200_000)).toBe(true);
    expect(asked.at(-1)).toBe(256);
  });
});

/** Memory in use after what is garbage has gone, as far as that can be told. */
async function measured(): Promise<NodeJS.MemoryUsage> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage();
}
