import type { Server } from '@grpc/grpc-js';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { GatewayConfig } from '../../../config/gateway.config.js';
import { GrpcAddress } from '../cards/grpc-address.js';
import { GrpcServices } from './grpc-services.js';
import { grpcKit, type GrpcKit } from './grpc-kit.js';

/** Share of the shutdown's budget for calls under way; the rest is for what closes after the listener. */
const SHARE = 0.8;
/** A silent connection is asked for a sign of life this often, and cut without one. */
const KEEPALIVE_MS = 60_000;
/** Calls that one connection may have open. */
const MAX_STREAMS = 1_000;

interface Listening {
  readonly kit: GrpcKit;
  readonly server: Server;
  readonly port: number;
}

/** A2A's gRPC binding (1.0 §10, and 0.3's): a listener of its own, with the TLS and the body limit of the HTTP one. */
@Injectable()
export class GrpcListener implements BeforeApplicationShutdown {
  private listening: Listening | undefined;

  constructor(
    private readonly config: GatewayConfig,
    private readonly services: GrpcServices,
    private readonly published: GrpcAddress,
  ) {}

  /** Where it listens; undefined while it does not. */
  get address(): string | undefined {
    const { host } = this.config.http;
    return this.listening && `${host.includes(':') ? `[${host}]` : host}:${this.listening.port}`;
  }

  /** Opens the listener if one is configured. @throws Error when the port cannot be had */
  async listen(): Promise<void> {
    const { http, grpc } = this.config;
    if (grpc.port === undefined) return;
    const kit = await grpcKit();
    const server = this.serverOf(kit);
    const host = http.host.includes(':') ? `[${http.host}]` : http.host;
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`${host}:${grpc.port}`, this.credentials(kit), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    this.services.watchKeys(kit);
    this.listening = { kit, server, port };
    this.published.listensOn(port);
  }

  /** Streams end, calls under way are answered, what is left is cut. */
  async beforeApplicationShutdown(): Promise<void> {
    if (!this.listening) return;
    const { kit, server } = this.listening;
    this.services.endAll(kit);
    const force = setTimeout(() => server.forceShutdown(), this.config.shutdown.timeout * SHARE);
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    clearTimeout(force);
  }

  private serverOf(kit: GrpcKit): Server {
    const server = new kit.grpc.Server({
      'grpc.max_receive_message_length': this.config.http.bodyLimit,
      'grpc.max_concurrent_streams': MAX_STREAMS,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
    });
    server.addService(kit.current.A2AService, this.services.implement(kit, 'current'));
    server.addService(kit.legacy.LegacyA2AService, this.services.implement(kit, 'legacy'));
    return server;
  }

  private credentials({ grpc }: GrpcKit) {
    const { tlsCert, tlsKey } = this.config.http;
    if (tlsCert === undefined || tlsKey === undefined) return grpc.ServerCredentials.createInsecure();
    const pair = { cert_chain: readFileSync(tlsCert), private_key: readFileSync(tlsKey) };
    return grpc.ServerCredentials.createSsl(null, [pair]);
  }
}
