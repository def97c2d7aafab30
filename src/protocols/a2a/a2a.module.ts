import { Module } from '@nestjs/common';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { RegistryModule } from '../../engine/registry/registry.module.js';
import { MessagesModule } from '../../engine/messages/messages.module.js';
import { TasksModule } from '../../engine/tasks/tasks.module.js';
import { LimitsModule } from '../../engine/limits/limits.module.js';
import { CardSigner } from './cards/card-signer.js';
import { GrpcAddress } from './cards/grpc-address.js';
import { GrpcListener } from './grpc/grpc-listener.js';
import { GrpcServices } from './grpc/grpc-services.js';
import { Extensions } from './handler/extensions.js';
import { A2aHandlers } from './handler/a2a-handlers.js';
import { A2aLegacyRestController } from './http-json/legacy-rest.controller.js';
import { RestCalls } from './http-json/rest-calls.js';
import { A2aRestController } from './http-json/rest.controller.js';
import { A2aAnswers } from './json-rpc/a2a-answers.js';
import { A2aGuest } from './json-rpc/a2a-guest.js';
import { V01Calls } from './v0.1/v01-calls.js';
import { A2aCalls } from './json-rpc/a2a-calls.js';
import { A2aCards } from './cards/a2a-cards.js';
import { A2aCardsController } from './cards/a2a-cards.controller.js';
import { A2aController } from './json-rpc/a2a.controller.js';
import { RemoteAgentsController } from './remote/remote-agents.controller.js';
import { RemoteAgents } from './remote/remote-agents.service.js';

import { PushConfigs } from './push/push-configs.js';
import { PushKind } from './push/push-kind.js';

/** Every agent of the gateway as an A2A agent. Needs the global TransportModule. */
@Module({
  imports: [AuthModule, LimitsModule, MessagesModule, RegistryModule, TasksModule],
  // 0.3's paths first: `/a2a/v1/…` would else be 1.0's of a tenant `v1`.
  controllers: [
    A2aController,
    A2aLegacyRestController,
    A2aRestController,
    A2aCardsController,
    RemoteAgentsController,
  ],
  providers: [
    RemoteAgents,
    A2aHandlers,
    Extensions,
    A2aCalls,
    V01Calls,
    A2aAnswers,
    A2aGuest,
    RestCalls,
    GrpcServices,
    GrpcListener,
    A2aCards,
    CardSigner,
    PushConfigs,
    PushKind,
    GrpcAddress,
  ],
})
export class A2aModule {}
