import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TaskId } from '../../src/core/ids.js';
import { SqliteTaskStore } from '../support/built.js';
import { eventually } from '../support/eventually.js';
import { StoreProcess } from '../support/store-process.js';
import { completed, newTask, running } from '../support/stored-tasks.js';

const ROUNDS = 10;
const WRITERS = 20;

describe('kill -9', () => {
  const folder = mkdtempSync(join(tmpdir(), 'storage-kill-'));
  const file = join(folder, 'gateway.db');
  /** The newest sequence of each task whose write was acknowledged. */
  const acknowledged = new Map<TaskId, number>();

  afterAll(() => rmSync(folder, { recursive: true }));

  /** Writes as fast as it is acknowledged, until the process is gone. */
  async function writeUntilGone(host: StoreProcess): Promise<void> {
    const acknowledge = (id: TaskId, seq: number) => (write: Promise<void>) =>
      write.then(() => acknowledged.set(id, seq));
    try {
      for (;;) {
        const task = newTask({ createdAt: Date.now() });
        const { id } = task.record;
        await acknowledge(id, 1)(host.call('submit', task));
        await acknowledge(id, 2)(host.call('append', id, running(2)));
        await acknowledge(id, 3)(host.call('append', id, completed(3)));
      }
    } catch {
      // Killed.
    }
  }

  /** Every acknowledged write is there; every record agrees with its log. */
  async function checkAll(): Promise<void> {
    const store = await SqliteTaskStore.open(`sqlite:${file}`);
    const missing: string[] = [];
    for (const [id, seq] of acknowledged) {
      const events = await store.eventsSince(id, 0, 10);
      const stored = (await store.get(id))?.seq ?? 0;
      if (stored < seq || events.length !== stored || !(await store.input(id)))
        missing.push(`${id}: ${stored} of ${seq}`);
    }
    await store.close();
    expect(missing).toEqual([]);
    const db = new DatabaseSync(file);
    expect(db.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
    db.close();
  }

  it(`loses nothing that was acknowledged, ${ROUNDS} times`, async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const before = acknowledged.size;
      const host = await StoreProcess.start(`sqlite:${file}`);
      const writers = Array.from({ length: WRITERS }, () => writeUntilGone(host));
      await eventually(() => acknowledged.size > before + 50 + Math.random() * 200, { everyMs: 1 });
      await host.kill();
      await Promise.all(writers);
      await checkAll();
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 50);
  });
});
