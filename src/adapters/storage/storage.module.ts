import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { StorageConfig } from '../../config/storage.config.js';
import { TaskStore } from '../../engine/tasks/task.store.js';
import { SqliteTaskStore } from './sqlite/sqlite-task.store.js';

/** The configured storage behind the engine's ports. */
@Global()
@Module({
  providers: [
    {
      provide: TaskStore,
      useFactory: (config: StorageConfig) => SqliteTaskStore.open(config.url),
      inject: [StorageConfig],
    },
  ],
  exports: [TaskStore],
})
export class StorageModule implements OnApplicationShutdown {
  constructor(@Inject(TaskStore) private readonly store: SqliteTaskStore) {}

  /** After all sockets are closed: nobody writes any more. */
  onApplicationShutdown(): Promise<void> {
    return this.store.close();
  }
}
