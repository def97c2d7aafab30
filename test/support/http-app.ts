import { Global, Module, type Type } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AuthConfig } from '../../src/config/auth.config.js';
import { GatewayConfig } from '../../src/config/gateway.config.js';
import { PublicUrl } from '../../src/config/public-url.js';
import { HttpConfig } from '../../src/config/http.config.js';
import type { Profile } from '../../src/config/setting.js';
import { Clock } from '../../src/core/clock.js';
import { SystemClock } from '../../src/adapters/runtime/system-clock.js';
import { ANONYMOUS } from '../../src/core/principal.js';
import { AuthService } from '../../src/engine/auth/auth.service.js';
import { OAuth2Guard } from '../../src/engine/auth/oauth2.guard.js';
import { OAuthTokenService } from '../../src/engine/auth/oauth-token.service.js';
import { Policy } from '../../src/engine/auth/policy.js';
import { RateLimits } from '../../src/engine/limits/rate-limits.js';
import { Callbacks } from '../../src/engine/messages/callbacks.js';
import { Outbox } from '../../src/engine/messages/outbox.service.js';
import { RegistryService } from '../../src/engine/registry/registry.service.js';
import { RoutingService } from '../../src/engine/routing/routing.service.js';
import { TasksService } from '../../src/engine/tasks/tasks.service.js';
import { configureHttp, httpAdapter, httpOptions } from '../../src/transport/http/configure.js';
import { TransportModule } from '../../src/transport/transport.module.js';

/** What the HTTP side uses of the engine; a test gives what it needs. */
export interface Fakes {
  readonly tasks?: Partial<TasksService>;
  readonly registry?: Partial<RegistryService>;
  readonly routing?: Partial<RoutingService>;
  readonly tokens?: Partial<OAuthTokenService>;
  readonly auth?: Partial<AuthService>;
  readonly clock?: Clock;
}

export interface TestApp {
  readonly app: NestExpressApplication;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface AppOptions {
  readonly fakes?: Fakes;
  readonly controllers: readonly Type[];
  readonly providers?: readonly Type[];
  readonly http?: Partial<HttpConfig>;
  readonly auth?: Partial<AuthConfig>;
  readonly config?: Partial<GatewayConfig>;
  readonly profile?: Profile;
}

/** A real HTTP listener on a free port, with everything that main.ts puts before the controllers, on a faked engine. */
export async function startHttpApp(options: AppOptions): Promise<TestApp> {
  const config = configOf(options);
  const app = await NestFactory.create<NestExpressApplication>(
    moduleOf(options, config),
    httpAdapter(config),
    {
      ...httpOptions(config),
      logger: false,
    },
  );
  configureHttp(app, config);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, port, url: `http://127.0.0.1:${port}`, close: () => app.close() };
}

function configOf({ http = {}, auth = {}, config = {}, profile = 'development' }: AppOptions): GatewayConfig {
  return new GatewayConfig(
    { http: new HttpConfig(http, profile), auth: new AuthConfig(auth, profile), ...config },
    profile,
  );
}

function moduleOf({ fakes = {}, controllers, providers = [] }: AppOptions, config: GatewayConfig): Type {
  const auth = fakes.auth ?? { enabled: false, authenticate: () => Promise.resolve(ANONYMOUS) };
  const globals = [
    { provide: Clock, useValue: fakes.clock ?? new SystemClock() },
    { provide: GatewayConfig, useValue: config },
    { provide: AuthConfig, useValue: config.auth },
    { provide: AuthService, useValue: auth },
    { provide: TasksService, useValue: fakes.tasks ?? {} },
    { provide: Callbacks, useValue: fakes.tasks ?? {} }, // without a callback_url they submit alike
    { provide: Outbox, useValue: {} },
    { provide: RegistryService, useValue: fakes.registry ?? {} },
    { provide: RoutingService, useValue: fakes.routing ?? {} },
    { provide: RateLimits, useValue: new RateLimits(config.limits) },
    { provide: OAuthTokenService, useValue: fakes.tokens ?? {} },
    PublicUrl,
    Policy,
    OAuth2Guard,
  ];
  @Global()
  @Module({ providers: globals, exports: globals })
  class Engine {}
  @Module({
    imports: [Engine, TransportModule.of(config)],
    controllers: [...controllers],
    providers: [...providers, { provide: APP_GUARD, useExisting: OAuth2Guard }],
  })
  class App {}
  return App;
}
