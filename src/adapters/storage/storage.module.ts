import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { StorageConfig } from '../../config/storage.config.js';
import { AuditStore } from '../../engine/audit/audit.store.js';
import { ApiKeyStore } from '../../engine/auth/api-key.store.js';
import { RemoteAgentStore } from '../../engine/registry/remote-agent.store.js';
import { FollowerStore } from '../../engine/messages/follower.store.js';
import { OutboxStore } from '../../engine/messages/outbox.store.js';
import { ResourceStore } from '../../engine/resources/resource.store.js';
import { MessageStore } from '../../engine/mail/message.store.js';
import { TopicStore } from '../../engine/mail/topic.store.js';
import { MemberStore } from '../../engine/members/member.store.js';
import { RouteStore } from '../../engine/routes/route.store.js';
import { TelemetryStore } from '../../engine/resources/telemetry.store.js';
import { TaskStore } from '../../engine/tasks/task.store.js';
import { SqliteApiKeyStore } from './sqlite/sqlite-api-key.store.js';
import { SqliteAuditStore } from './sqlite/sqlite-audit.store.js';
import { SqliteDatabase } from './sqlite/sqlite-database.js';
import { SqliteRemoteAgentStore } from './sqlite/sqlite-remote-agent.store.js';
import { SqliteFollowerStore } from './sqlite/sqlite-follower.store.js';
import { SqliteOutboxStore } from './sqlite/sqlite-outbox.store.js';
import { SqliteResourceStore } from './sqlite/sqlite-resource.store.js';
import { SqliteMemberStore } from './sqlite/sqlite-member.store.js';
import { SqliteMessageStore } from './sqlite/sqlite-message.store.js';
import { SqliteRouteStore } from './sqlite/sqlite-route.store.js';
import { SqliteTelemetryStore } from './sqlite/sqlite-telemetry.store.js';
import { SqliteTaskStore } from './sqlite/sqlite-task.store.js';
import { SqliteTopicStore } from './sqlite/sqlite-topic.store.js';

/** The configured storage behind the engine's ports: one database, a store for each port. */
@Global()
@Module({
  providers: [
    {
      provide: SqliteDatabase,
      useFactory: (config: StorageConfig) => SqliteDatabase.open(config.url),
      inject: [StorageConfig],
    },
    {
      provide: TaskStore,
      useFactory: (database: SqliteDatabase) => new SqliteTaskStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: ApiKeyStore,
      useFactory: (database: SqliteDatabase) => new SqliteApiKeyStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: AuditStore,
      useFactory: (database: SqliteDatabase) => new SqliteAuditStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: ResourceStore,
      useFactory: (database: SqliteDatabase) => new SqliteResourceStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: MemberStore,
      useFactory: (database: SqliteDatabase) => new SqliteMemberStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: MessageStore,
      useFactory: (database: SqliteDatabase) => new SqliteMessageStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: RouteStore,
      useFactory: (database: SqliteDatabase) => new SqliteRouteStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: TelemetryStore,
      useFactory: (database: SqliteDatabase) => new SqliteTelemetryStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: RemoteAgentStore,
      useFactory: (database: SqliteDatabase) => new SqliteRemoteAgentStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: OutboxStore,
      useFactory: (database: SqliteDatabase) => new SqliteOutboxStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: FollowerStore,
      useFactory: (database: SqliteDatabase) => new SqliteFollowerStore(database),
      inject: [SqliteDatabase],
    },
    {
      provide: TopicStore,
      useFactory: (database: SqliteDatabase) => new SqliteTopicStore(database),
      inject: [SqliteDatabase],
    },
  ],
  exports: [
    ApiKeyStore,
    AuditStore,
    FollowerStore,
    MemberStore,
    MessageStore,
    OutboxStore,
    RemoteAgentStore,
    ResourceStore,
    RouteStore,
    TaskStore,
    TelemetryStore,
    TopicStore,
  ],
})
export class StorageModule implements OnApplicationShutdown {
  constructor(@Inject(SqliteDatabase) private readonly database: SqliteDatabase) {}

  /** After all sockets are closed: nobody writes any more. */
  onApplicationShutdown(): Promise<void> {
    return this.database.close();
  }
}
