import { Module, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ShutdownConfig } from '../../config/shutdown.config.js';
import { AuthModule } from '../auth/auth.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { Callbacks } from './callbacks.js';
import { DeliveryLoop } from './delivery-loop.js';
import { DeliveryRetention } from './delivery-retention.js';
import { FollowerKinds } from './follower-kinds.js';
import { Outbox } from './outbox.service.js';
import { TaskFollowers } from './task-followers.js';

/** What goes out of the gateway by itself. The stores come from a storage adapter. */
@Module({
  imports: [AuthModule, TasksModule],
  providers: [Callbacks, DeliveryLoop, DeliveryRetention, FollowerKinds, Outbox, TaskFollowers],
  exports: [Callbacks, DeliveryLoop, FollowerKinds, Outbox, TaskFollowers],
})
export class MessagesModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly loop: DeliveryLoop,
    private readonly followers: TaskFollowers,
    private readonly shutdown: ShutdownConfig,
  ) {}

  /** Every kind has its deliverer by now. */
  async onApplicationBootstrap(): Promise<void> {
    await this.followers.start();
    await this.loop.start();
  }

  /** While the storage is still there: what has been taken by its receiver is written down. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.followers.stop(), this.loop.stop(this.shutdown.timeout / 2)]);
  }
}
