import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { RuntimeModule } from './adapters/runtime/runtime.module.js';
import { SecretsModule } from './adapters/crypto/secrets.module.js';
import { StorageModule } from './adapters/storage/storage.module.js';
import { ConfigModule } from './config/config.module.js';
import type { GatewayConfig } from './config/gateway.config.js';
import { AuthModule } from './engine/auth/auth.module.js';
import { OAuth2Guard } from './engine/auth/oauth2.guard.js';
import { HeartbeatModule } from './engine/heartbeat/heartbeat.module.js';
import { LimitsModule } from './engine/limits/limits.module.js';
import { RateLimitGuard } from './engine/limits/rate-limit.guard.js';
import { OpsModule } from './ops/ops.module.js';
import { ADMIN_API } from './protocols/admin/admin.openapi.js';
import { AdminModule } from './protocols/admin/admin.module.js';
import { A2A_API } from './protocols/a2a/a2a.openapi.js';
import { REMOTE_AGENTS_API } from './protocols/a2a/remote/remote-agents.openapi.js';
import { A2aModule } from './protocols/a2a/a2a.module.js';
import { CallbackModule } from './protocols/callback/callback.module.js';
import { BotModule } from './protocols/bot/bot.module.js';
import { JSONRPC_API } from './protocols/jsonrpc/jsonrpc.openapi.js';
import { JsonRpcModule } from './protocols/jsonrpc/jsonrpc.module.js';
import { OODER_API } from './protocols/ooder/ooder.openapi.js';
import { OoderModule } from './protocols/ooder/ooder.module.js';
import { DELIVERIES_API } from './protocols/rest/deliveries.openapi.js';
import { REST_API } from './protocols/rest/rest.openapi.js';
import { RestModule } from './protocols/rest/rest.module.js';
import { WEBHOOK_API } from './protocols/webhook/webhook.openapi.js';
import { WebhookModule } from './protocols/webhook/webhook.module.js';
import { TransportModule } from './transport/transport.module.js';
import { version } from './transport/version.js';

/** The HTTP APIs in the order of their documentation. */
export const APIS = [
  REST_API,
  DELIVERIES_API,
  JSONRPC_API,
  A2A_API,
  REMOTE_AGENTS_API,
  WEBHOOK_API,
  ADMIN_API,
  OODER_API,
];

/** The only file that knows all modules. A protocol is one folder and one line here. */
@Module({})
export class AppModule {
  static of(config: GatewayConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        RuntimeModule,
        StorageModule,
        SecretsModule,
        ScheduleModule.forRoot(),
        TransportModule.of(config),
        // The busiest routes first: Express looks through its routes in this order.
        RestModule,
        JsonRpcModule,
        A2aModule,
        OoderModule,
        WebhookModule,
        BotModule,
        AdminModule,
        CallbackModule,
        HeartbeatModule,
        OpsModule.of({ version, apis: APIS, docs: config.docs.enabled }),
        AuthModule,
        LimitsModule,
      ],
      // Every HTTP route is closed unless it says @Public(), and, where there are limits, counts unless it says
      // @Unlimited(); in this order. A guard costs each request something, also one that has nothing to do.
      providers: [
        { provide: APP_GUARD, useExisting: OAuth2Guard },
        ...(config.limits.rate || config.limits.namespaceRate
          ? [{ provide: APP_GUARD, useExisting: RateLimitGuard }]
          : []),
      ],
    };
  }
}
