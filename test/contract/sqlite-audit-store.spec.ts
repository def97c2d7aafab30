import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteAuditStore, SqliteDatabase } from '../support/built.js';
import { describeAuditStore, entries, SHOP } from './audit-store.contract.js';

const temporary = (): string => mkdtempSync(join(tmpdir(), 'audit-store-'));

describeAuditStore('SQLite file', async () => {
  const folder = temporary();
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let database = await SqliteDatabase.open(url);
  return {
    store: new SqliteAuditStore(database),
    async reopen() {
      await database.close();
      database = await SqliteDatabase.open(url);
      return new SqliteAuditStore(database);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
});

test('entries of one turn share a row; a row is never changed', async () => {
  const folder = temporary();
  const file = join(folder, 'gateway.db');
  const database = await SqliteDatabase.open(`sqlite:${file}`);
  const store = new SqliteAuditStore(database);
  await Promise.all(entries(SHOP, 7).map((entry) => store.append(entry)));
  await database.close();
  const db = new DatabaseSync(file);
  expect(db.prepare('select first, seq from audit_log').all()).toEqual([{ first: 1, seq: 7 }]);
  expect(() => db.exec(`update audit_log set entries = '[]'`)).toThrow('append-only');
  db.close();
  rmSync(folder, { recursive: true });
});
