import type { AgentCard as A2aCard } from '@a2a-js/sdk';
import type { Transport, TransportFactory } from '@a2a-js/sdk/client';
import type * as Grpc from '@grpc/grpc-js';
import type { OutgoingHttp } from '../../../core/outgoing-http.js';
import type { Access } from './access.js';

type Experimental = (typeof Grpc)['experimental'];
type Listener = Parameters<Experimental['createResolver']>[1];
type Target = Parameters<Experimental['createResolver']>[0];

/** Targets whose names are resolved by the door. */
const SCHEME = 'checked';
const BINDING = 'GRPC';
const HTTPS_PORT = 443;

/** A gRPC server as a card names it: `host:port`, or a URL. */
interface GrpcAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** @returns undefined when it is no address */
export function grpcAddress(url: string): GrpcAddress | undefined {
  const hasScheme = /^[a-z]+:\/\//i.test(url);
  const parsed = URL.parse(hasScheme ? url.replace(/^grpc/i, 'http') : `http://${url}`);
  if (!parsed) return undefined;
  const isTls = parsed.protocol === 'https:';
  // The parser leaves out a port that its scheme implies, also where it was written.
  const port = Number(parsed.port) || (isTls || url.endsWith(`:${HTTPS_PORT}`) ? HTTPS_PORT : 80);
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port,
    tls: isTls || (!hasScheme && port === HTTPS_PORT),
  };
}

/**
 * gRPC on the SDK's transports of both versions. gRPC connects by itself, so it is given a resolver that asks the door:
 * it gets no address that the door has not allowed, and connects to no other.
 */
export class CheckedGrpcFactory implements TransportFactory {
  readonly protocolName = BINDING;

  constructor(
    private readonly door: OutgoingHttp,
    private readonly access: Access,
  ) {}

  /** @throws Error when the URL is no address */
  async create(url: string, card: A2aCard): Promise<Transport> {
    const address = grpcAddress(url);
    if (!address) throw new Error(`the card's gRPC interface is no address: ${url}`);
    const grpc = await import('@grpc/grpc-js');
    const { GrpcTransportFactory } = await import('@a2a-js/sdk/client/grpc');
    registerCheckedResolver(grpc, this.door);
    const factory = new GrpcTransportFactory({
      grpcChannelCredentials: this.credentials(grpc, address),
      legacyCompat: { enabled: true },
    });
    const target = `${SCHEME}:///${hostPort(address)}`;
    // The SDK finds the version of an interface by its URL.
    const supportedInterfaces = card.supportedInterfaces.map((one) =>
      one.url === url ? { ...one, url: target } : one,
    );
    return factory.create(target, { ...card, supportedInterfaces });
  }

  private credentials(grpc: typeof Grpc, { tls }: GrpcAddress): Grpc.ChannelCredentials {
    if (!tls) return grpc.credentials.createInsecure();
    const own = this.access.tls;
    const bytes = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem));
    return grpc.credentials.createSsl(bytes(own?.ca), bytes(own?.key), bytes(own?.cert));
  }
}

export const hostPort = ({ host, port }: GrpcAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function registerCheckedResolver(grpc: typeof Grpc, door: OutgoingHttp): void {
  const { registerResolver, splitHostPort, statusOrFromError, statusOrFromValue } = grpc.experimental;

  class CheckedResolver {
    private isLive = true;

    constructor(
      private readonly target: Target,
      private readonly listener: Listener,
    ) {}

    static getDefaultAuthority({ path }: Target): string {
      return path;
    }

    updateResolution(): void {
      this.isLive = true;
      const { host = '', port = HTTPS_PORT } = splitHostPort(this.target.path) ?? {};
      door.address(host, port).then(
        (address) => this.tell(statusOrFromValue([{ addresses: [{ host: address.address, port }] }])),
        (error: unknown) => {
          const details = error instanceof Error ? error.message : String(error);
          this.tell(statusOrFromError({ code: grpc.status.UNAVAILABLE, details }));
        },
      );
    }

    destroy(): void {
      this.isLive = false;
    }

    private tell(endpoints: Parameters<Listener>[0]): void {
      if (this.isLive) this.listener(endpoints, {}, null, '');
    }
  }

  registerResolver(SCHEME, CheckedResolver);
}
