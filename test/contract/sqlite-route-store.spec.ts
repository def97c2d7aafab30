import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteDatabase, SqliteRouteStore } from '../support/built.js';
import { describeRouteStore } from './route-store.contract.js';

describeRouteStore('SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'route-store-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let database = await SqliteDatabase.open(url);
  return {
    store: new SqliteRouteStore(database),
    async reopen() {
      await database.close();
      database = await SqliteDatabase.open(url);
      return new SqliteRouteStore(database);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
});
