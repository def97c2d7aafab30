import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import type { GatewayConfig } from './config/gateway.config.js';
import { PublicUrl } from './config/public-url.js';
import { gatewayLogger } from './ops/logs/gateway-logger.js';
import { RequestWatch } from './ops/request-watch.js';
import { HealthService } from './ops/health/health.service.js';
import { healthListener } from './ops/health/health-listener.js';
import { GrpcListener } from './protocols/a2a/grpc/grpc-listener.js';
import { BotListener } from './protocols/bot/bot-listener.js';
import { BOT_PATH } from './protocols/bot/bot.wire.js';
import { configureHttp, httpAdapter, httpOptions } from './transport/http/configure.js';

/** A running gateway: its listeners open, the bots' one last. */
export class Gateway {
  private constructor(
    private readonly app: NestExpressApplication,
    private readonly config: GatewayConfig,
    readonly http: AddressInfo,
    readonly bots: AddressInfo,
  ) {}

  /** @throws Error with a message for the operator when it cannot start */
  static async start(config: GatewayConfig): Promise<Gateway> {
    const app = await NestFactory.create<NestExpressApplication>(AppModule.of(config), httpAdapter(config), {
      ...httpOptions(config),
      logger: gatewayLogger(config.log),
      abortOnError: false,
    });
    configureHttp(app, config, app.get(RequestWatch).tell);
    const listener = new BotListener(app, config.bots, healthListener(app.get(HealthService)));
    app.useWebSocketAdapter(listener);
    try {
      await app.listen(config.http.port, config.http.host);
      const http = (app.getHttpServer() as { address(): AddressInfo }).address();
      app.get(PublicUrl).listensOn(http.port);
      await app.get(GrpcListener).listen();
      return new Gateway(app, config, http, await listener.listen());
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  /** For whoever started it: where to reach it. */
  get readyLine(): string {
    const { http, bots } = this.config;
    const web = `${http.tlsCert ? 'https' : 'http'}://${at(this.http)}`;
    const socket = `${bots.tlsCert ? 'wss' : 'ws'}://${at(this.bots)}${BOT_PATH}`;
    const grpc = this.app.get(GrpcListener).address;
    return `agent-gateway ready: orchestrators ${web}, bots ${socket}${grpc ? ` (gRPC ${grpc})` : ''}`;
  }

  /** Refuses new work, lets what is under way finish within the budget, closes. Resolves to whether that went well. */
  async stop(): Promise<boolean> {
    this.app.get(HealthService).stop();
    const over = new Promise<false>((resolve) =>
      setTimeout(() => resolve(false), this.config.shutdown.timeout).unref(),
    );
    const closed = this.app.close().then(
      () => true,
      (error: unknown) => {
        process.stderr.write(`shutdown: ${String(error)}\n`);
        return false;
      },
    );
    return Promise.race([closed, over]);
  }
}

const at = ({ address, family, port }: AddressInfo): string =>
  family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
