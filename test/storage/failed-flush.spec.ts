import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TaskId } from '../../src/core/ids.js';
import { SqliteTaskStore } from '../support/built.js';
import { eventually } from '../support/eventually.js';
import { faultyDisk, losingDisk, urlIn, type Disk } from '../support/outages.js';
import { PRODUCTION } from '../support/records.js';
import { StoreProcess } from '../support/store-process.js';
import { completed, newTask, running, textInput } from '../support/stored-tasks.js';

const IOERR_FSYNC = 1034;
const PATIENT = { timeoutMs: 20_000 };

/** Gives a store work all the time, as a gateway does, and remembers what was acknowledged. */
class Load {
  readonly acknowledged = new Set<TaskId>();
  readonly lost: string[] = [];
  private stopped = false;
  private readonly kept: Promise<void>[] = [];
  private readonly writers: Promise<void>[];

  constructor(private readonly store: StoreProcess) {
    this.writers = Array.from({ length: 4 }, () => this.write());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.writers);
    await Promise.all(this.kept);
  }

  private async write(): Promise<void> {
    while (!this.stopped) {
      const task = newTask({ input: textInput('x'.repeat(5000)) });
      try {
        await this.store.call('submit', task);
        this.acknowledged.add(task.record.id);
        this.kept.push(this.complete(task.record.id));
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20)); // refused: as a caller does that tries again
      }
    }
  }

  private async complete(id: TaskId): Promise<void> {
    try {
      await this.store.call('append', id, running(2));
      await this.store.call('append', id, completed(3));
    } catch (error) {
      this.lost.push(`${id}: ${String(error)}`);
    }
  }
}

/** Everything that was acknowledged is there, and the file is whole. */
async function checkAll(folder: string, { acknowledged, lost }: Load): Promise<void> {
  expect(lost).toEqual([]);
  const store = await SqliteTaskStore.open(urlIn(folder));
  const missing: string[] = [];
  for (const id of acknowledged) if ((await store.get(id))?.state !== 'completed') missing.push(id);
  await store.close();
  expect(missing).toEqual([]);
  const db = new DatabaseSync(join(folder, 'gateway.db'));
  expect(db.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  db.close();
}

const grown = (load: Load, by: number) => {
  const goal = load.acknowledged.size + by;
  return eventually(() => load.acknowledged.size > goal, PATIENT);
};

const losing = losingDisk();
losing?.clean();

describe('after a flush that failed', () => {
  const itLoses = losing ? it : it.skip;
  itLoses(
    'on a device that has lost writes: nothing that was acknowledged is missing when it is put back',
    async () => {
      const disk = losingDisk()!;
      const store = await StoreProcess.start(urlIn(disk.folder));
      try {
        const load = new Load(store);
        for (let round = 0; round < 2; round++) {
          await grown(load, 200);
          disk.begin();
          await eventually(async () => !(await store.available()), PATIENT);
          disk.end();
          await eventually(() => store.available(), PATIENT);
        }
        await grown(load, 200);
        await load.stop();
        await store.kill();
        disk.putBack();
        await checkAll(disk.folder, load);
      } finally {
        await store.kill();
        disk.clean();
      }
    },
    60_000,
  );

  describe.each(['commit', 'pragma wal_checkpoint(passive)'])('of a %s', (statement) => {
    let disk: Disk;
    let store: StoreProcess;
    const inode = () => statSync(join(disk.folder, 'gateway.db')).ino;

    beforeEach(async () => {
      disk = faultyDisk(IOERR_FSYNC, statement);
      store = await StoreProcess.start(urlIn(disk.folder), disk);
    });
    afterEach(async () => {
      await store.kill();
      disk.clean();
    });

    it('the gateway moves to a copy of the database, and goes on', async () => {
      const before = inode();
      const load = new Load(store);
      await grown(load, 50);
      disk.begin();
      await eventually(async () => !(await store.available()), PATIENT);
      disk.end();
      await eventually(() => store.available(), PATIENT);
      expect(inode()).not.toBe(before);
      await grown(load, 200);
      await load.stop();
      await store.kill();
      await checkAll(disk.folder, load);
    }, 60_000);

    it('reads go on while it moves', async () => {
      const task = newTask();
      await store.call('submit', task);
      const load = new Load(store);
      disk.begin();
      await eventually(async () => !(await store.available()), PATIENT);
      disk.end();
      for (let moved = false; !moved;) {
        moved = await store.available();
        expect(await store.call('get', task.record.id)).toEqual(task.record);
        expect((await store.call('list', PRODUCTION, { limit: 1 })).tasks).toHaveLength(1);
      }
      await load.stop();
    }, 60_000);

    it('a gateway that is stopped before it could move leaves everything in the log', async () => {
      const load = new Load(store);
      await grown(load, 50);
      disk.begin();
      await eventually(async () => !(await store.available()), PATIENT);
      const ids = [...load.acknowledged];
      void load.stop();
      await store.close();
      await store.kill();
      expect(statSync(join(disk.folder, 'gateway.db-wal')).size).toBeGreaterThan(0);
      const again = await SqliteTaskStore.open(urlIn(disk.folder));
      for (const id of ids) expect(await again.get(id)).toBeDefined();
      await again.close();
    }, 60_000);
  });
});
