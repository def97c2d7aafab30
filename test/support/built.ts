import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');

/**
 * A module of the built gateway. The storage starts threads, and threads and child processes start from files that only
 * the build makes; to run them from sources, the product would have to know about the tests' loader. `npm test` builds first.
 */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the path is known at run time only
const built = <Module>(module: string): Module => require(join(root, 'dist', `${module}.js`)) as Module;

/** @throws Error when the build is missing or older than its source: such a test would prove nothing */
function checkBuilt(pattern: string): void {
  for (const source of globSync(pattern, { cwd: join(root, 'src') })) {
    const build = statSync(join(root, 'dist', source.replace(/ts$/, 'js')), { throwIfNoEntry: false });
    if (!build || build.mtimeMs < statSync(join(root, 'src', source)).mtimeMs)
      throw new Error(`dist/ is older than src/${source}: npm run build`);
  }
}

checkBuilt('{adapters/storage/**/*,cli/backup}.ts');

type Store = typeof import('../../src/adapters/storage/sqlite/sqlite-task.store.js');
type Database = typeof import('../../src/adapters/storage/sqlite/sqlite-database.js');
const tasks = built<Store>('adapters/storage/sqlite/sqlite-task.store');
export const { SqliteDatabase } = built<Database>('adapters/storage/sqlite/sqlite-database');
type Resources = typeof import('../../src/adapters/storage/sqlite/sqlite-resource.store.js');
type Routes = typeof import('../../src/adapters/storage/sqlite/sqlite-route.store.js');
export const { SqliteRouteStore } = built<Routes>('adapters/storage/sqlite/sqlite-route.store');
type Telemetry = typeof import('../../src/adapters/storage/sqlite/sqlite-telemetry.store.js');
export const { SqliteTelemetryStore } = built<Telemetry>('adapters/storage/sqlite/sqlite-telemetry.store');
export const { SqliteResourceStore } = built<Resources>('adapters/storage/sqlite/sqlite-resource.store');
export type SqliteDatabase = Database['SqliteDatabase']['prototype'];

type OutboxStore = typeof import('../../src/adapters/storage/sqlite/sqlite-outbox.store.js');
type FollowerStore = typeof import('../../src/adapters/storage/sqlite/sqlite-follower.store.js');
export const { SqliteOutboxStore } = built<OutboxStore>('adapters/storage/sqlite/sqlite-outbox.store');
export const { SqliteFollowerStore } = built<FollowerStore>('adapters/storage/sqlite/sqlite-follower.store');

/** A task store with a database of its own. */
export class SqliteTaskStore extends tasks.SqliteTaskStore {
  private constructor(private readonly own: SqliteDatabase) {
    super(own);
  }

  /** @throws ConfigError as `SqliteDatabase.open` */
  static async open(url: string): Promise<SqliteTaskStore> {
    return new SqliteTaskStore(await SqliteDatabase.open(url));
  }

  close(): Promise<void> {
    return this.own.close();
  }
}

type ApiKeys = typeof import('../../src/adapters/storage/sqlite/sqlite-api-key.store.js');
export const { SqliteApiKeyStore } = built<ApiKeys>('adapters/storage/sqlite/sqlite-api-key.store');
type Members = typeof import('../../src/adapters/storage/sqlite/sqlite-member.store.js');
export const { SqliteMemberStore } = built<Members>('adapters/storage/sqlite/sqlite-member.store');
type Messages = typeof import('../../src/adapters/storage/sqlite/sqlite-message.store.js');
export const { SqliteMessageStore } = built<Messages>('adapters/storage/sqlite/sqlite-message.store');

type Audits = typeof import('../../src/adapters/storage/sqlite/sqlite-audit.store.js');
export const { SqliteAuditStore } = built<Audits>('adapters/storage/sqlite/sqlite-audit.store');

type RemoteAgents = typeof import('../../src/adapters/storage/sqlite/sqlite-remote-agent.store.js');
export const { SqliteRemoteAgentStore } = built<RemoteAgents>(
  'adapters/storage/sqlite/sqlite-remote-agent.store',
);

type Migrations = typeof import('../../src/adapters/storage/migrations/index.js');
export const { MIGRATIONS } = built<Migrations>('adapters/storage/migrations/index');
