import { Module } from '@nestjs/common';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { RegistryModule } from '../../engine/registry/registry.module.js';
import { TasksModule } from '../../engine/tasks/tasks.module.js';
import { A2aCalls } from './json-rpc/a2a-calls.js';
import { A2aCardsController } from './cards/a2a-cards.controller.js';
import { A2aController } from './json-rpc/a2a.controller.js';

/** Every agent of the gateway as an A2A agent. Needs the global TransportModule. */
@Module({
  imports: [AuthModule, RegistryModule, TasksModule],
  controllers: [A2aController, A2aCardsController],
  providers: [A2aCalls],
})
export class A2aModule {}
