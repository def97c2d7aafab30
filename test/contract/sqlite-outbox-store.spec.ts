import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteDatabase, SqliteFollowerStore, SqliteOutboxStore } from '../support/built.js';
import { describeOutboxStore } from './outbox-store.contract.js';

describeOutboxStore('SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outbox-store-'));
  const database = await SqliteDatabase.open(`sqlite:${join(folder, 'gateway.db')}`);
  return {
    outbox: new SqliteOutboxStore(database),
    followers: new SqliteFollowerStore(database),
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
});
