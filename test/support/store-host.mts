// A process of its own with a task store in it, driven by its parent: to be killed, limited and starved of disk.
// Usage (fork): store-host.mts <storage url>
import { createRequire } from 'node:module';
import type { StoreCall, StoreMessage } from './store-process.js';

type Tasks = typeof import('../../src/adapters/storage/sqlite/sqlite-task.store.js');
type Database = typeof import('../../src/adapters/storage/sqlite/sqlite-database.js');
type Store = Tasks['SqliteTaskStore']['prototype'];
const built = createRequire(import.meta.url);
const { SqliteTaskStore } = built('../../dist/adapters/storage/sqlite/sqlite-task.store.js') as Tasks;
const { SqliteDatabase } = built('../../dist/adapters/storage/sqlite/sqlite-database.js') as Database;

const tell = (message: StoreMessage): void => void process.send!(message);
const reason = (error: unknown) => ({
  code: (error as { code?: string }).code,
  message: error instanceof Error ? error.message : String(error),
});

async function main(): Promise<void> {
  const database = await SqliteDatabase.open(process.argv[2]!);
  const store = new SqliteTaskStore(database);
  process.on('message', ({ id, method, args }: StoreCall) => {
    const result = method === 'close' ? database.close() : run(store, method, args);
    Promise.resolve(result).then(
      (value) => tell({ kind: 'done', id, value }),
      (error: unknown) => tell({ kind: 'failed', id, ...reason(error) }),
    );
  });
  tell({ kind: 'ready' });
}

function run(store: Store, method: Exclude<StoreCall['method'], 'close'>, args: readonly unknown[]): unknown {
  if (method === 'available') return store.available;
  return (store[method] as (...values: unknown[]) => unknown).apply(store, [...args]);
}

main().catch((error: unknown) => {
  process.stderr.write(`${reason(error).message}\n`);
  process.exit(1);
});
