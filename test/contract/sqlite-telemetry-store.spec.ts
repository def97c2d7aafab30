import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteDatabase, SqliteResourceStore, SqliteTelemetryStore } from '../support/built.js';
import { describeTelemetryStore } from './telemetry-store.contract.js';

describeTelemetryStore('SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'telemetry-store-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let database = await SqliteDatabase.open(url);
  return {
    resources: new SqliteResourceStore(database),
    telemetry: new SqliteTelemetryStore(database),
    async reopen() {
      await database.close();
      database = await SqliteDatabase.open(url);
      return new SqliteTelemetryStore(database);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
});
