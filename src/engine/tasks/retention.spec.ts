import { Logger } from '@nestjs/common';
import { StorageConfig } from '../../config/storage.config.js';
import { completed, newTask, START } from '../../../test/support/stored-tasks.js';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { MemoryTaskStore } from '../../../test/fakes/memory-task.store.js';
import { Retention } from './retention.js';

const HOUR = 3_600_000;
let clock: FakeClock;
let store: MemoryTaskStore;
let retention: Retention;
const count = () => [...store.storedTasks()].length;

beforeAll(() => void Logger.overrideLogger(false));
beforeEach(async () => {
  clock = new FakeClock(START);
  store = new MemoryTaskStore();
  retention = new Retention(clock, new StorageConfig({ retention: HOUR }), store);
  const tasks = Array.from({ length: 450 }, () => newTask());
  await Promise.all(tasks.map((task) => store.submit(task)));
  await Promise.all(tasks.map(({ record }) => store.append(record.id, completed(2, START))));
  await store.submit(newTask()); // goes on
});

it('keeps ended tasks for the retention, then deletes all of them, batch by batch', async () => {
  clock.advance(HOUR);
  await retention.sweep();
  expect(count()).toBe(451);
  clock.advance(1);
  await retention.sweep();
  expect(count()).toBe(1);
});

it('does not run twice at once', async () => {
  clock.advance(HOUR + 1);
  const limits: number[] = [];
  const purge = store.purge.bind(store);
  store.purge = (before, limit) => (limits.push(limit), purge(before, limit));
  await Promise.all([retention.sweep(), retention.sweep()]);
  expect(limits).toHaveLength(3);
});

it('leaves a storage alone that is down, and tries again after an error', async () => {
  clock.advance(HOUR + 1);
  store.fail();
  await retention.sweep();
  store.recover();
  const purge = store.purge.bind(store);
  store.purge = () => Promise.reject(new Error('disk'));
  await retention.sweep();
  expect(count()).toBe(451);
  store.purge = purge;
  await retention.sweep();
  expect(count()).toBe(1);
});
