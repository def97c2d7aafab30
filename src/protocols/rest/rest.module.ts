import { Module } from '@nestjs/common';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { MessagesModule } from '../../engine/messages/messages.module.js';
import { RegistryModule } from '../../engine/registry/registry.module.js';
import { RoutingModule } from '../../engine/routing/routing.module.js';
import { TasksModule } from '../../engine/tasks/tasks.module.js';
import { AgentsController } from './agents.controller.js';
import { DeliveriesController } from './deliveries.controller.js';
import { OAuthController } from './oauth.controller.js';
import { RoutingController } from './routing.controller.js';
import { TasksController } from './tasks.controller.js';
import { WellKnownController } from './well-known.controller.js';

/** Seed 000's REST API. Needs the global ConfigModule and TransportModule. */
@Module({
  imports: [AuthModule, MessagesModule, RegistryModule, RoutingModule, TasksModule],
  controllers: [
    TasksController,
    AgentsController,
    DeliveriesController,
    RoutingController,
    OAuthController,
    WellKnownController,
  ],
})
export class RestModule {}
