// A process of its own with a task store in it, driven by its parent: to be killed, limited and starved of disk.
// Usage (fork): store-host.mts <storage url>
import { createRequire } from 'node:module';
import type { StoreCall, StoreMessage } from './store-process.js';

type Built = typeof import('../../src/adapters/storage/sqlite/sqlite-task.store.js');
type Store = Built['SqliteTaskStore']['prototype'];
const { SqliteTaskStore } = createRequire(import.meta.url)(
  '../../dist/adapters/storage/sqlite/sqlite-task.store.js',
) as Built;

const tell = (message: StoreMessage): void => void process.send!(message);
const reason = (error: unknown) => ({
  code: (error as { code?: string }).code,
  message: error instanceof Error ? error.message : String(error),
});

async function main(): Promise<void> {
  const store = await SqliteTaskStore.open(process.argv[2]!);
  process.on('message', ({ id, method, args }: StoreCall) => {
    Promise.resolve(run(store, method, args)).then(
      (value) => tell({ kind: 'done', id, value }),
      (error: unknown) => tell({ kind: 'failed', id, ...reason(error) }),
    );
  });
  tell({ kind: 'ready' });
}

function run(store: Store, method: StoreCall['method'], args: readonly unknown[]): unknown {
  if (method === 'available') return store.available;
  return (store[method] as (...values: unknown[]) => unknown).apply(store, [...args]);
}

main().catch((error: unknown) => {
  process.stderr.write(`${reason(error).message}\n`);
  process.exit(1);
});
