import { A2AService } from '@a2a-js/sdk/server/grpc';
import { LegacyA2AService } from '@a2a-js/sdk/compat/v0_3/server/grpc';
import { decodeErrorInfo, decodeStatus } from '@a2a-js/sdk/errors/grpc';
import {
  credentials,
  makeGenericClientConstructor,
  Metadata,
  status,
  type ChannelCredentials,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';

const CurrentClient = makeGenericClientConstructor(A2AService, 'lf.a2a.v1.A2AService');
const OlderClient = makeGenericClientConstructor(LegacyA2AService, 'a2a.v1.A2AService');

export type GrpcMethod = keyof typeof A2AService;
export type LegacyGrpcMethod = keyof typeof LegacyA2AService;
/** A method of a generated client; the descriptors say what it takes. */
type Method = (
  request: object,
  metadata: Metadata,
  done?: (error: ServiceError | null, value: unknown) => void,
) => unknown;
type Fields = Readonly<Record<string, unknown>>;

/** How a call was refused: the word of its code, its text, and the reason of its ErrorInfo. */
export interface GrpcRefusal {
  readonly code: string;
  readonly message: string;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
}

/** Plain gRPC, as it is on the wire. */
export class GrpcCaller {
  private readonly clients;

  /** @param address `host:port` */
  constructor(
    address: string,
    private readonly metadata: Readonly<Record<string, string>> = {},
    channel: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.clients = { '1.0': new CurrentClient(address, channel), '0.3': new OlderClient(address, channel) };
  }

  /** A call with one answer. @throws the refusal as an Error with the fields of {@link GrpcRefusal} */
  unary<T = Fields>(version: '1.0' | '0.3', method: string, request: object, more: Fields = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.method(version, method)(request, this.meta(more), (error, value) =>
        error ? reject(refusalOf(error)) : resolve(value as T),
      );
    });
  }

  stream(
    version: '1.0' | '0.3',
    method: string,
    request: object,
    more: Fields = {},
  ): ClientReadableStream<Fields> {
    return this.method(version, method)(request, this.meta(more)) as ClientReadableStream<Fields>;
  }

  /** All events of a stream. @throws as {@link unary} */
  async events(
    version: '1.0' | '0.3',
    method: string,
    request: object,
    more: Fields = {},
  ): Promise<Fields[]> {
    const events: Fields[] = [];
    try {
      for await (const event of this.stream(version, method, request, more)) events.push(event as Fields);
    } catch (error) {
      throw refusalOf(error as ServiceError);
    }
    return events;
  }

  /** The answer or the refusal of a call, whichever way its method answers. */
  async outcome(version: '1.0' | '0.3', method: string, request: object): Promise<GrpcRefusal | 'answered'> {
    const { responseStream } = (version === '1.0' ? A2AService : LegacyA2AService)[method as never] as {
      responseStream: boolean;
    };
    try {
      await (responseStream ? this.events(version, method, request) : this.unary(version, method, request));
      return 'answered';
    } catch (error) {
      const { code, message, reason, domain } = error as Error & GrpcRefusal;
      return { code, message, reason, domain };
    }
  }

  close(): void {
    for (const client of Object.values(this.clients)) client.close();
  }

  private method(version: '1.0' | '0.3', name: string): Method {
    const client = this.clients[version];
    return (client[name] as Method).bind(client);
  }

  private meta(more: Fields): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries({ ...this.metadata, ...more }))
      metadata.set(name, String(value));
    return metadata;
  }
}

function refusalOf(error: ServiceError): Error & GrpcRefusal {
  const [bin] = error.metadata.get('grpc-status-details-bin');
  const details = bin === undefined ? [] : decodeStatus(bin as Buffer).details;
  const info = details.find(({ typeUrl }) => typeUrl.endsWith('google.rpc.ErrorInfo'));
  const said = info && decodeErrorInfo(info.value);
  return Object.assign(new Error(error.details), {
    code: status[error.code],
    message: error.details,
    reason: said?.reason,
    domain: said?.domain,
  });
}
