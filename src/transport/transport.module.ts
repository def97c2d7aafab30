import { Module, type DynamicModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock } from '../core/clock.js';
import { HttpDrain } from './http/drain.js';
import { SseStreams } from './http/sse.js';

/** What the transports need of the configuration (`GatewayConfig` has it all); milliseconds. */
export interface TransportSettings {
  readonly sse: { readonly keepalive: number };
  readonly shutdown: { readonly timeout: number };
}

/** What all protocols of the HTTP listener share. Needs a global {@link Clock}. */
@Module({})
export class TransportModule {
  static of({ sse, shutdown }: TransportSettings): DynamicModule {
    const streams = {
      provide: SseStreams,
      useFactory: (clock: Clock) => new SseStreams(clock, sse.keepalive),
      inject: [Clock],
    };
    const drain = {
      provide: HttpDrain,
      useFactory: (host: HttpAdapterHost, open: SseStreams) => new HttpDrain(host, open, shutdown.timeout),
      inject: [HttpAdapterHost, SseStreams],
    };
    return { module: TransportModule, global: true, providers: [streams, drain], exports: [SseStreams] };
  }
}
