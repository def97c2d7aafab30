import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { assertDurable, openForWriting } from '../../src/adapters/storage/sqlite/open.js';
import { StoreProcess } from '../support/store-process.js';
import { newTask } from '../support/stored-tasks.js';

const WEAK = join(__dirname, '../support/weak-sqlite.mts');
const REFUSAL = 'SQLite would not keep what it acknowledges: journal_mode=wal, synchronous=1';

describe('a commit is on disk when it is acknowledged', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'storage-durability-'));
    file = join(folder, 'gateway.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const using = <T>(durable: boolean, use: (db: DatabaseSync) => T): T => {
    const db = openForWriting(file, durable);
    try {
      return use(db);
    } finally {
      db.close();
    }
  };

  it('by a log (WAL) that is flushed with every commit (synchronous=FULL), also on a file that is in use', () => {
    using(true, (db) => db.exec('create table t (x); insert into t values (1)'));
    using(true, (db) => {
      db.exec('insert into t values (2)');
      expect(db.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
      expect(db.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 });
      expect(() => assertDurable(db)).not.toThrow();
    });
  });

  it.each(['synchronous = normal', 'synchronous = off', 'journal_mode = delete', 'journal_mode = memory'])(
    'and not with %s: the check says so',
    (setting) =>
      using(true, (db) => {
        db.exec(`pragma ${setting}`);
        expect(() => assertDurable(db)).toThrow('SQLite would not keep what it acknowledges');
      }),
  );

  it('is not promised for memory', () => using(false, (db) => expect(() => assertDurable(db)).toThrow()));

  it('the gateway does not start when it would not be so', async () => {
    const start = StoreProcess.start(`sqlite:${file}`, { imports: [WEAK], env: { WEAK: 'everywhere' } });
    await expect(start).rejects.toThrow(REFUSAL);
  });

  it('the gateway ends without an acknowledgement when the thread that writes finds that it is not so', async () => {
    const host = await StoreProcess.start(`sqlite:${file}`, { imports: [WEAK], env: { WEAK: 'threads' } });
    await expect(host.call('submit', newTask())).rejects.toThrow(REFUSAL);
  });
});
