import { Module } from '@nestjs/common';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { RegistryModule } from '../../engine/registry/registry.module.js';
import { TasksModule } from '../../engine/tasks/tasks.module.js';
import { BotContext } from './bot-context.js';
import { BotGateway } from './bot.gateway.js';

/** Remote bots that dial in by WebSocket. */
@Module({
  imports: [AuthModule, RegistryModule, TasksModule],
  providers: [BotContext, BotGateway],
  exports: [BotContext],
})
export class BotModule {}
