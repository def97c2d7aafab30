import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryMemberStore } from '../fakes/memory-member.store.js';
import { MemoryMessageStore } from '../fakes/memory-message.store.js';
import { SqliteDatabase, SqliteMemberStore, SqliteMessageStore } from '../support/built.js';
import { describeMemberStore } from './member-store.contract.js';
import { describeMessageStore } from './message-store.contract.js';

/** A store on a SQLite file, opened anew by `reopen`. */
async function onFile<Store>(storeOf: (database: SqliteDatabase) => Store) {
  const folder = mkdtempSync(join(tmpdir(), 'mail-store-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  let database = await SqliteDatabase.open(url);
  return {
    store: storeOf(database),
    async reopen() {
      await database.close();
      database = await SqliteDatabase.open(url);
      return storeOf(database);
    },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const inMemory = <Store>(store: Store & { reopened(): Store }) =>
  Promise.resolve({
    store,
    reopen: () => Promise.resolve(store.reopened()),
    close: () => Promise.resolve(),
  });

describeMemberStore('SQLite file', () => onFile((database) => new SqliteMemberStore(database)));
describeMemberStore('memory', () => inMemory(new MemoryMemberStore()));
describeMessageStore('SQLite file', () => onFile((database) => new SqliteMessageStore(database)));
describeMessageStore('memory', () => inMemory(new MemoryMessageStore()));
