import { Module } from '@nestjs/common';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { LimitsModule } from '../../engine/limits/limits.module.js';
import { MessagesModule } from '../../engine/messages/messages.module.js';
import { RegistryModule } from '../../engine/registry/registry.module.js';
import { TasksModule } from '../../engine/tasks/tasks.module.js';
import { RpcDispatcher } from './dispatcher.js';
import { JsonRpcController } from './jsonrpc.controller.js';
import { RpcHandlers } from './handlers.js';

/** POST /jsonrpc. Needs the global TransportModule. */
@Module({
  imports: [AuthModule, LimitsModule, MessagesModule, RegistryModule, TasksModule],
  controllers: [JsonRpcController],
  providers: [RpcDispatcher, RpcHandlers],
})
export class JsonRpcModule {}
