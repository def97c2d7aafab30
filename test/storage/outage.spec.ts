import type { TaskId } from '../../src/core/ids.js';
import { eventually } from '../support/eventually.js';
import { OUTAGES, type Outage } from '../support/outages.js';
import { PRODUCTION } from '../support/records.js';
import type { StoreProcess } from '../support/store-process.js';
import { SqliteTaskStore } from '../support/built.js';
import { completed, newTask, ROUTING, running, START, step } from '../support/stored-tasks.js';

const UNAVAILABLE = { code: 'STORAGE_UNAVAILABLE' };

/** Larger than what is left in a page that is already there. */
const bigText = 'x'.repeat(20_000);

describe.each(OUTAGES)('while $name', ({ start }) => {
  let outage: Outage;
  let store: StoreProcess;
  const submitted = async (task = newTask()): Promise<TaskId> => {
    await store.call('submit', task);
    return task.record.id;
  };
  const broken = async () => {
    await outage.begin();
    await eventually(async () => {
      await expect(store.call('submit', newTask({ skill: bigText }))).rejects.toMatchObject(UNAVAILABLE);
      return true;
    });
  };
  /** Longer than the writer waits between two tries: what it tries by itself must not pass for a success. */
  const staysUnavailable = async (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end;) {
      expect(await store.available()).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const mended = async () => {
    await outage.end();
    await eventually(() => store.available(), { timeoutMs: 20_000 });
  };

  beforeEach(async () => {
    outage = await start();
    ({ store } = outage);
  });
  afterEach(() => outage.dispose());

  it('submissions are refused, reads go on, and nothing of a refused task is there afterwards', async () => {
    const id = await submitted();
    await store.call('append', id, running(2));
    await broken();
    const refused = newTask({ submission: { key: 'k', fingerprint: 'f' } });
    await expect(store.call('submit', refused)).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.available()).toBe(false);
    expect(await store.call('get', id)).toMatchObject({ id, state: 'running', seq: 2 });
    expect(await store.call('input', id)).toBeDefined();
    expect(await store.call('eventsSince', id, 0, 10)).toHaveLength(2);
    expect((await store.call('list', PRODUCTION, { limit: 10 })).tasks.map((task) => task.id)).toEqual([id]);
    expect(await store.call('open')).toHaveLength(1);

    await mended();
    expect(await store.call('get', refused.record.id)).toBeUndefined();
    await store.call('submit', refused);
    expect(await store.call('findSubmission', PRODUCTION, 'k')).toEqual({
      taskId: refused.record.id,
      fingerprint: 'f',
    });
  });

  it('writes of tasks that were acknowledged are kept, and done in order once it is over', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => submitted()));
    await broken();
    const done: string[] = [];
    const kept = ids.flatMap((id) => [
      store.call('assign', id, {
        agent: null,
        agentPrincipal: null,
        attempt: 7,
        routing: ROUTING,
        updatedAt: START,
        deadlineAt: START,
      }),
      store.call('append', id, step(2, { event: 'progress', pct: 1, message: bigText })),
      store.call('append', id, completed(3)),
    ]);
    kept.forEach((write, i) => void write.then(() => done.push(String(i))));
    expect(await store.call('get', ids[0]!)).toMatchObject({ seq: 1, attempt: 1 });
    expect(done).toEqual([]);

    await mended();
    await Promise.all(kept);
    expect(done).toEqual(kept.map((_, i) => String(i)));
    for (const id of ids) {
      expect(await store.call('get', id)).toMatchObject({ state: 'completed', seq: 3, attempt: 7 });
      expect((await store.call('eventsSince', id, 0, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    }
  });

  it('it stays unavailable until it is over, also the second time, and everything is on disk then', async () => {
    for (let round = 0; round < 2; round++) {
      await submitted();
      await broken();
      await staysUnavailable(700);
      await mended();
    }
    const last = await submitted();
    await store.kill();
    const again = await SqliteTaskStore.open(outage.url);
    const ids = (await again.open()).map(({ id }) => id);
    await again.close();
    expect(ids).toHaveLength(3);
    expect(ids).toContain(last);
    expect(store.output).toContain('storage takes writes again');
  });

  it('the store can be closed: it says which writes it could not keep', async () => {
    const id = await submitted();
    await broken();
    const kept = store.call('append', id, running(2));
    await store.close();
    await expect(kept).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.call('submit', newTask())).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.call('get', id)).rejects.toMatchObject(UNAVAILABLE);
  });
});
