import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS, SqliteTaskStore } from '../support/built.js';
import { StoreProcess } from '../support/store-process.js';
import { newTask } from '../support/stored-tasks.js';

const IN_USE =
  /storage\.url: \S*gateway\.db is in use by another gateway; stop that one, or give this one a file of its own/;

describe('start of the storage', () => {
  let folder: string;
  let file: string;
  let url: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'storage-start-'));
    file = join(folder, 'gateway.db');
    url = `sqlite:${file}`;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const openAndClose = async (at = url) => (await SqliteTaskStore.open(at)).close();
  const withDatabase = <T>(use: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(file);
    try {
      return use(db);
    } finally {
      db.close();
    }
  };
  const tables = () =>
    withDatabase((db) =>
      db
        .prepare("select name from sqlite_schema where type = 'table' order by name")
        .all()
        .map((row) => row['name']),
    );

  it('makes the folder, the file and its schema; the file alone is the whole database after the end', async () => {
    url = `sqlite:${join(folder, 'a/b/gateway.db')}`;
    await openAndClose();
    expect(readdirSync(join(folder, 'a/b')).toSorted()).toEqual(['gateway.db', 'gateway.db.lock']);
  });

  it('keeps what is there when it starts again', async () => {
    const task = newTask();
    const store = await SqliteTaskStore.open(url);
    await store.submit(task);
    await store.close();
    const again = await SqliteTaskStore.open(url);
    expect(await again.get(task.record.id)).toEqual(task.record);
    await again.close();
  });

  it('deletes an in-memory database at the end', async () => {
    const host = await StoreProcess.start('sqlite::memory:', { env: { TMPDIR: folder } });
    expect(readdirSync(folder)).toHaveLength(1);
    await host.close();
    expect(readdirSync(folder)).toEqual([]);
    await host.kill();
  });

  it('writes in WAL mode', async () => {
    await openAndClose();
    expect(withDatabase((db) => db.prepare('pragma journal_mode').get())).toEqual({ journal_mode: 'wal' });
  });

  it('can be closed twice, and refuses everything afterwards', async () => {
    const store = await SqliteTaskStore.open(url);
    const written = store.submit(newTask());
    await Promise.all([store.close(), store.close()]);
    await written;
    await expect(store.submit(newTask())).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(store.list(null, { limit: 1 })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  describe('a file that another gateway has open', () => {
    it('is refused, by another name too, and the first goes on', async () => {
      const store = await SqliteTaskStore.open(url);
      const link = join(folder, 'link.db');
      symlinkSync(file, link);
      await expect(SqliteTaskStore.open(`sqlite:${link}`)).rejects.toThrow(IN_USE);
      await store.submit(newTask());
      await store.close();
    });

    it('goes to one of two that start at once on a fresh file', async () => {
      const results = await Promise.allSettled([StoreProcess.start(url), StoreProcess.start(url)]);
      const started = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
      const refused = results
        .filter((result) => result.status === 'rejected')
        .map(({ reason }) => String(reason));
      expect(started).toHaveLength(1);
      expect(refused).toEqual([expect.stringMatching(IN_USE)]);
      await started[0]!.call('submit', newTask());
      await started[0]!.kill();
    });

    it('is free at once when that one was killed', async () => {
      const host = await StoreProcess.start(url);
      await host.call('submit', newTask());
      await host.kill();
      const store = await SqliteTaskStore.open(url);
      expect(await store.open()).toHaveLength(1);
      await store.close();
    });

    it('is taken over from one that ends just then', async () => {
      const host = await StoreProcess.start(url);
      const next = StoreProcess.start(url);
      await host.kill();
      await (await next).kill();
    });
  });

  describe('a file that cannot be used', () => {
    it('of a newer version is refused with both versions, and left as it is', async () => {
      await openAndClose();
      withDatabase((db) => db.exec("insert into schema_migrations values ('0042-later', '2030-01-01')"));
      await expect(SqliteTaskStore.open(url)).rejects.toThrow(
        'storage.url: the database was written by a newer version of the gateway (it has the migrations 0042-later, ' +
          `this version knows up to ${Object.keys(MIGRATIONS).at(-1)}); start that version, or restore a backup of this one`,
      );
      expect(withDatabase((db) => db.prepare('select count(*) as n from schema_migrations').get())).toEqual({
        n: Object.keys(MIGRATIONS).length + 1,
      });
      withDatabase((db) => db.exec("delete from schema_migrations where name = '0042-later'"));
      await openAndClose(); // nothing is held after a refusal
    });

    it.each([
      ['is no database', () => writeFileSync(file, 'x'.repeat(8192)), 'file is not a database'],
      ['is a folder', () => mkdirSync(file), 'unable to open database file'],
      [
        'is where a file is in the way',
        () => ((url = `sqlite:${join(file, 'x.db')}`), writeFileSync(file, '')),
        'EEXIST|ENOTDIR',
      ],
    ])('that %s is refused with the reason', async (_, prepare, reason) => {
      prepare();
      await expect(SqliteTaskStore.open(url)).rejects.toThrow(
        new RegExp(`^storage\\.url: \\S*gateway\\.db\\S* cannot be used: .*(${reason})`),
      );
    });
  });

  it('leaves nothing of a migration that fails, and goes on from there when it is repaired', async () => {
    await openAndClose();
    const before = tables();
    MIGRATIONS['9999-fails'] = {
      async up(db) {
        await db.schema.createTable('half').addColumn('id', 'text').execute();
        throw new Error('half-way');
      },
    };
    try {
      await expect(SqliteTaskStore.open(url)).rejects.toThrow('half-way');
      expect(tables()).toEqual(before);
    } finally {
      delete MIGRATIONS['9999-fails'];
    }
    await openAndClose();
  });
});
