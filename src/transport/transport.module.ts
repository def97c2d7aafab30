import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock } from '../core/clock.js';
import { Quota } from '../core/quota.js';
import { OutgoingHttp } from '../core/outgoing-http.js';
import { HttpDrain } from './http/drain.js';
import { SseStreams, STALL_LIMIT_MS } from './http/sse.js';
import { GuestMethods } from './jsonrpc/guest-methods.js';
import { SafeOutgoingHttp } from './outgoing/safe-outgoing-http.js';

/** What the transports need of the configuration (`GatewayConfig` has it all); milliseconds. */
export interface TransportSettings {
  readonly sse: { readonly keepalive: number };
  readonly quotas: { readonly streams?: number | undefined };
  readonly shutdown: { readonly timeout: number };
  readonly webhooks: { readonly allowedNetworks: readonly string[] };
}

/** What all protocols share: event streams, the drain, the door for outgoing calls. Needs a global {@link Clock}. */
@Module({})
export class TransportModule implements OnApplicationShutdown {
  constructor(private readonly outgoing: SafeOutgoingHttp) {}

  static of({ sse, shutdown, webhooks, quotas }: TransportSettings): DynamicModule {
    const streams = {
      provide: SseStreams,
      useFactory: (clock: Clock) =>
        new SseStreams(clock, sse.keepalive, STALL_LIMIT_MS, new Quota('event streams', quotas.streams)),
      inject: [Clock],
    };
    const drain = {
      provide: HttpDrain,
      useFactory: (host: HttpAdapterHost, open: SseStreams) => new HttpDrain(host, open, shutdown.timeout),
      inject: [HttpAdapterHost, SseStreams],
    };
    const outgoing = {
      provide: SafeOutgoingHttp,
      useFactory: (clock: Clock) => new SafeOutgoingHttp(clock, webhooks.allowedNetworks),
      inject: [Clock],
    };
    return {
      module: TransportModule,
      global: true,
      providers: [
        streams,
        drain,
        outgoing,
        GuestMethods,
        { provide: OutgoingHttp, useExisting: SafeOutgoingHttp },
      ],
      exports: [SseStreams, GuestMethods, OutgoingHttp, SafeOutgoingHttp],
    };
  }

  /** After all sockets are closed: nobody calls any more. */
  onApplicationShutdown(): Promise<void> {
    return this.outgoing.destroy();
  }
}
