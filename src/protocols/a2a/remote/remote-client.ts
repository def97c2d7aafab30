import type { AgentCard as A2aCard, SendMessageRequest, StreamResponse, Task } from '@a2a-js/sdk';
import type { Client, RequestOptions, TransportFactory } from '@a2a-js/sdk/client';
import type { RemotesConfig } from '../../../config/remotes.config.js';
import type { Clock } from '../../../core/clock.js';
import { OutgoingError, type OutgoingHttp } from '../../../core/outgoing-http.js';
import { understandingAdk } from '../json-rpc/adk-server.wire.js';
import type { Access } from './access.js';
import { CheckedGrpcFactory } from './checked-grpc.js';
import { isUnavailable } from './remote-errors.js';
import { type Reachability, remoteFetch } from './remote-fetch.js';
import { StreamPulses } from './stream-pulses.js';

const GRPC = 'GRPC';

/** What one call may bring: a task, a message, or a change of a task. */
export type Payload = NonNullable<StreamResponse['payload']>;

export interface ClientParts {
  readonly door: OutgoingHttp;
  readonly clock: Clock;
  readonly config: RemotesConfig;
  readonly access: Access;
  readonly reachability: Reachability;
}

/** The binding and version that are spoken with an agent. */
export interface Protocol {
  /** `JSONRPC`, `HTTP+JSON` or `GRPC`. */
  readonly binding: string;
  readonly version: string;
}

/** The official SDK's client, of whatever version and binding the agent's card prefers, through the gateway's own door. */
export class RemoteClient {
  private constructor(
    private readonly client: Client,
    private readonly parts: ClientParts,
    private readonly pulses: StreamPulses,
  ) {}

  /** @throws Error when the card names no interface that the gateway speaks */
  static async of(card: A2aCard, parts: ClientParts): Promise<RemoteClient> {
    const { ClientFactory } = await import('@a2a-js/sdk/client');
    const pulses = new StreamPulses(remoteFetch(parts.door, parts.config, parts.access, parts.reachability));
    const factory = new ClientFactory({ transports: await transports(pulses.fetch, parts) });
    // Whether a stream is asked for is decided here, not by the card.
    const capabilities = { ...card.capabilities, streaming: true } as A2aCard['capabilities'];
    const client = await factory.createFromAgentCard({ ...card, capabilities });
    return new RemoteClient(client, parts, pulses);
  }

  get protocol(): Protocol {
    const { transport } = this.client;
    return { binding: transport.protocolName, version: transport.protocolVersion };
  }

  /** Whether the SDK forgets if a piece of an artifact adds or replaces: it does where 0.3 is protobuf. */
  get losesAppend(): boolean {
    const { binding, version } = this.protocol;
    return version.startsWith('0.') && binding !== 'JSONRPC';
  }

  /** Sends a message and does not wait for the end of its task, if the agent can do that. */
  async send(request: SendMessageRequest, signal: AbortSignal): Promise<Payload> {
    const options = await this.options(signal);
    const sent = await this.told(() => this.client.sendMessage(request, options));
    return 'messageId' in sent ? { $case: 'message', value: sent } : { $case: 'task', value: sent };
  }

  /** `pulse` is called whenever anything comes in, be it a mere comment. */
  async *stream(
    request: SendMessageRequest,
    signal: AbortSignal,
    pulse: () => void,
  ): AsyncGenerator<Payload> {
    this.pulses.watch(signal, pulse);
    yield* this.payloads(this.client.sendMessageStream(request, await this.options(signal)));
  }

  async *subscribe(id: string, signal: AbortSignal): AsyncGenerator<Payload> {
    yield* this.payloads(this.client.resubscribeTask({ id, tenant: '' }, await this.options(signal)));
  }

  task(id: string, signal: AbortSignal): Promise<Task> {
    return this.bounded(signal, (options) =>
      this.client.getTask({ id, tenant: '', historyLength: 0 }, options),
    );
  }

  cancel(id: string, signal: AbortSignal): Promise<Task> {
    return this.bounded(signal, (options) =>
      this.client.cancelTask({ id, tenant: '', metadata: undefined }, options),
    );
  }

  private async bounded<T>(signal: AbortSignal, work: (options: RequestOptions) => Promise<T>): Promise<T> {
    const { clock, config, reachability } = this.parts;
    const late = new AbortController();
    const timer = clock.after(config.timeout, () => {
      const reason = new OutgoingError('timeout', `no answer for ${config.timeout} ms`);
      reachability.failed(reason);
      late.abort(reason);
    });
    try {
      const options = await this.options(AbortSignal.any([signal, late.signal]));
      return await this.told(() => work(options));
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      timer.cancel();
    }
  }

  private async *payloads(events: AsyncIterable<StreamResponse>): AsyncGenerator<Payload> {
    const items = events[Symbol.asyncIterator]();
    try {
      for (;;) {
        const item = await this.told(() => items.next());
        if (item.done) return;
        if (item.value.payload) yield item.value.payload;
      }
    } finally {
      void items.return?.().catch(() => undefined);
    }
  }

  /** Over gRPC nobody sees the answers but the SDK: what it throws tells whether there was one. */
  private async told<T>(work: () => Promise<T>): Promise<T> {
    if (this.protocol.binding !== GRPC) return work();
    const { reachability } = this.parts;
    try {
      const result = await work();
      reachability.answered();
      return result;
    } catch (error) {
      if (isUnavailable(error)) reachability.failed(error as Error);
      else reachability.answered();
      throw error;
    }
  }

  private async options(signal: AbortSignal): Promise<RequestOptions> {
    // HTTP has its credentials from the fetch.
    if (this.protocol.binding !== GRPC) return { signal };
    return { signal, serviceParameters: await this.parts.access.headers() };
  }
}

async function transports(
  fetchImpl: typeof fetch,
  { door, access }: ClientParts,
): Promise<TransportFactory[]> {
  const { JsonRpcTransportFactory, RestTransportFactory } = await import('@a2a-js/sdk/client');
  const legacyCompat = { enabled: true };
  return [
    new JsonRpcTransportFactory({ fetchImpl: understandingAdk(fetchImpl), legacyCompat }),
    new RestTransportFactory({ fetchImpl, legacyCompat }),
    new CheckedGrpcFactory(door, access),
  ];
}
