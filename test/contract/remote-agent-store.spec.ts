import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryRemoteAgentStore } from '../fakes/memory-remote-agent.store.js';
import { SqliteDatabase, SqliteRemoteAgentStore } from '../support/built.js';
import { describeRemoteAgentStore } from './remote-agent-store.contract.js';

describeRemoteAgentStore('SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'remote-agent-store-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let database = await SqliteDatabase.open(url);
  return {
    store: new SqliteRemoteAgentStore(database),
    async reopen() {
      await database.close();
      database = await SqliteDatabase.open(url);
      return new SqliteRemoteAgentStore(database);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
});

const inMemory = async () => {
  const store = new MemoryRemoteAgentStore();
  return { store, reopen: async () => store, close: async () => undefined };
};
describeRemoteAgentStore('memory', inMemory, { outlives: false });
