import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteApiKeyStore, SqliteDatabase } from '../support/built.js';
import { describeApiKeyStore } from './api-key-store.contract.js';

describeApiKeyStore('SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-key-store-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let database = await SqliteDatabase.open(url);
  return {
    store: new SqliteApiKeyStore(database),
    async reopen() {
      await database.close();
      database = await SqliteDatabase.open(url);
      return new SqliteApiKeyStore(database);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
});
