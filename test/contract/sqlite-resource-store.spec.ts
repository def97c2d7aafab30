import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteDatabase, SqliteResourceStore } from '../support/built.js';
import { describeResourceStore } from './resource-store.contract.js';

describeResourceStore('SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'resource-store-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let database = await SqliteDatabase.open(url);
  return {
    store: new SqliteResourceStore(database),
    async reopen() {
      await database.close();
      database = await SqliteDatabase.open(url);
      return new SqliteResourceStore(database);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
});
