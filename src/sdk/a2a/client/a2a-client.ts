import type { SendMessageRequest } from '@a2a-js/sdk';
import {
  ClientFactory,
  JsonRpcTransportFactory,
  RestTransportFactory,
  type Client,
} from '@a2a-js/sdk/client';
import type { JsonObject } from '../../../core/json.js';
import { understandingAdk } from '../../../protocols/a2a/json-rpc/adk-server.wire.js';
import { A2aRpcError, toA2aError } from '../errors.js';
import { fromSdkMessage, fromSdkTask, fromStreamResponse, toSdkMessage } from '../mapper.js';
import { Message } from '../message.js';
import {
  hasEnded,
  type AgentCard,
  type Message as MessageType,
  type Task,
  type UpdateEvent,
} from '../types.js';
import { fetchCard } from './card.js';
import { connection, type ConnectionOptions } from './http.js';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface SendOptions extends CallOptions {
  /** Resolves when the task exists, in whatever state, instead of when it has ended or asks back. */
  readonly returnImmediately?: boolean;
  /** Of the request, not of the message. */
  readonly metadata?: JsonObject;
}

/** What an agent says to a message: a result or an error, as in JSON-RPC. */
export type SendResponse =
  | { readonly result: Task | MessageType; readonly error?: undefined }
  | { readonly result?: undefined; readonly error: A2aRpcError };

/**
 * Speaks with one A2A agent: of A2A 1.0 or 0.3, by JSON-RPC or HTTP+JSON, or of the adk family.
 *
 * ```js
 * const client = await A2aClient.fromUrl('http://localhost:8080');
 * const response = await client.sendMessage("What's the weather?");
 * if (response.error) console.error(`RPC error: ${response.error.message} (code: ${response.error.code})`);
 * ```
 *
 * A refusal of the agent is `error` in the answer to a message, and thrown as A2aRpcError everywhere else. Every method throws
 * A2aRequestError when no answer comes, and the reason of its signal.
 */
export class A2aClient {
  private constructor(
    /** What the agent says about itself. */
    readonly card: AgentCard,
    private readonly client: Client,
  ) {}

  /** Fetches the card below an agent's address, or at it where it ends in `.json`. @throws A2aRequestError */
  static async fromUrl(url: string, options: ConnectionOptions & CallOptions = {}): Promise<A2aClient> {
    const ask = connection(options);
    const { card, sdk } = await fetchCard(url, ask, options.signal);
    const transport = { fetchImpl: understandingAdk(ask), legacyCompat: { enabled: true } };
    const factory = new ClientFactory({
      transports: [new JsonRpcTransportFactory(transport), new RestTransportFactory(transport)],
    });
    try {
      return new A2aClient(card, await factory.createFromAgentCard(sdk));
    } catch (error) {
      throw toA2aError(url, error);
    }
  }

  /** Sends a message and waits until its task has ended or asks back. A text stands for a message of the user. */
  async sendMessage(message: MessageType | string, options: SendOptions = {}): Promise<SendResponse> {
    try {
      const result = await this.client.sendMessage(toRequest(message, options), callOf(options));
      return { result: 'status' in result ? fromSdkTask(result) : fromSdkMessage(result) };
    } catch (thrown) {
      const error = this.failure(thrown, options);
      if (error instanceof A2aRpcError) return { error };
      throw error;
    }
  }

  /**
   * Sends a message; the stream brings what happens to its task until that has ended or asks back. An agent that cannot stream
   * brings its task in one piece. Leaving the loop early leaves the task alone.
   */
  async *sendStreamingMessage(
    message: MessageType | string,
    options: SendOptions = {},
  ): AsyncGenerator<UpdateEvent, void, undefined> {
    const events = this.client.sendMessageStream(toRequest(message, options), callOf(options));
    yield* this.updates(events, options, ({ kind, final }) => kind === 'status-update' && final === true);
  }

  /** The task as it is, then what happens to it until it has ended. */
  async *resubscribe(
    taskId: string,
    options: CallOptions = {},
  ): AsyncGenerator<UpdateEvent, void, undefined> {
    const events = this.client.resubscribeTask({ tenant: '', id: taskId }, callOf(options));
    // A task that asks back is still followed: its caller may answer elsewhere.
    yield* this.updates(events, options, () => false);
  }

  /** @throws A2aRpcError: −32001 there is no such task */
  async getTask(
    taskId: string,
    { historyLength, ...options }: CallOptions & { readonly historyLength?: number } = {},
  ): Promise<Task> {
    const request = { tenant: '', id: taskId, ...(historyLength !== undefined && { historyLength }) };
    return this.asked(options, async (call) => fromSdkTask(await this.client.getTask(request, call)));
  }

  /** @throws A2aRpcError: −32001 there is no such task, −32002 it has ended */
  async cancelTask(taskId: string, options: CallOptions = {}): Promise<Task> {
    const request = { tenant: '', id: taskId, metadata: undefined };
    return this.asked(options, async (call) => fromSdkTask(await this.client.cancelTask(request, call)));
  }

  private async asked<T>(options: CallOptions, ask: (call: CallOptions) => Promise<T>): Promise<T> {
    try {
      return await ask(callOf(options));
    } catch (error) {
      throw this.failure(error, options);
    }
  }

  private async *updates(
    events: AsyncGenerator<Parameters<typeof fromStreamResponse>[0], void, undefined>,
    options: CallOptions,
    isLast: (update: { readonly kind: string; readonly final?: boolean }) => boolean,
  ): AsyncGenerator<UpdateEvent, void, undefined> {
    try {
      for await (const event of events) {
        const update = fromStreamResponse(event);
        if (!update) continue;
        yield update;
        if (isLast(update) || isEnd(update)) return;
      }
    } catch (error) {
      throw this.failure(error, options);
    }
  }

  private failure(error: unknown, { signal }: CallOptions): unknown {
    return signal?.aborted ? signal.reason : toA2aError(this.card.url, error);
  }
}

/** After this nothing comes: servers that keep the connection open are not waited for. */
const isEnd = (update: UpdateEvent): boolean =>
  update.kind === 'message' || (update.kind !== 'artifact-update' && hasEnded(update.status.state));

const callOf = ({ signal }: CallOptions): CallOptions => (signal ? { signal } : {});

const toRequest = (
  message: MessageType | string,
  { returnImmediately = false, metadata }: SendOptions,
): SendMessageRequest => ({
  tenant: '',
  message: toSdkMessage(typeof message === 'string' ? Message.text(message) : message),
  configuration: { acceptedOutputModes: [], taskPushNotificationConfig: undefined, returnImmediately },
  metadata: metadata && { ...metadata },
});
