import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteTaskStore } from '../support/built.js';
import { describeTaskStore } from './task-store.contract.js';

describeTaskStore('SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'task-store-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let store = await SqliteTaskStore.open(url);
  return {
    store,
    async reopen() {
      await store.close();
      return (store = await SqliteTaskStore.open(url));
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

const inMemory = async () => {
  const store = await SqliteTaskStore.open('sqlite::memory:');
  return { store, reopen: () => SqliteTaskStore.open('sqlite::memory:'), close: () => store.close() };
};
describeTaskStore('sqlite::memory:', inMemory, { outlives: false });
