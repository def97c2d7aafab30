import type { TaskRecord } from '../../src/core/task.js';
import { SqliteTaskStore } from '../support/built.js';
import { completed, newTask, running } from '../support/stored-tasks.js';

/** A defect elsewhere: a value that no database takes. */
const unstorable = { nested: true } as unknown as string;

describe('a write that can never be stored', () => {
  let store: SqliteTaskStore;
  beforeEach(async () => (store = await SqliteTaskStore.open('sqlite::memory:')));
  afterEach(() => store.close());

  const submitted = async (): Promise<TaskRecord> => {
    const task = newTask();
    await store.submit(task);
    return task.record;
  };

  it('is rejected alone: the storage stays available and the rest of its batch is done', async () => {
    const [a, b] = [await submitted(), await submitted()];
    const wrong = { ...running(2), event: { ...running(2).event, json: unstorable } };
    const results = await Promise.allSettled([
      store.append(a.id, running(2)),
      store.append(b.id, wrong),
      store.submit(newTask({ skill: unstorable })),
      store.append(a.id, completed(3)),
      store.append(b.id, running(2)),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({ reason: { code: 'INTERNAL' } });
    expect(results[2]).toMatchObject({ reason: { code: 'INTERNAL' } });
    expect(store.available).toBe(true);
    expect(await store.get(a.id)).toMatchObject({ state: 'completed', seq: 3 });
    expect(await store.get(b.id)).toMatchObject({ state: 'running', seq: 2 });
    expect(await store.eventsSince(b.id, 0, 10)).toHaveLength(2);
  });
});
