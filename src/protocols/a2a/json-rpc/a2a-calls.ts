import { Injectable } from '@nestjs/common';
import type { AgentCard } from '@a2a-js/sdk';
import type { ServerCallContext } from '@a2a-js/sdk/server';
import { GatewayConfig } from '../../../config/gateway.config.js';
import { isObject, type JsonObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import { TasksService } from '../../../engine/tasks/tasks.service.js';
import { parseMessage, rpcFailure, type RpcResponse } from '../../../transport/jsonrpc/envelope.js';
import { A2aHandler, type Target } from '../handler/a2a-handler.js';
import { toA2aError } from '../handler/a2a-errors.js';
import { checkCall, dialectOf, STREAMS, type CheckedCall, type Dialect } from './a2a-request.wire.js';

/** The SDK is loaded by the first call: a gateway that nobody calls by A2A does not carry it. */
const load = async () => ({
  errors: await import('@a2a-js/sdk/errors'),
  server: await import('@a2a-js/sdk/server'),
  legacy: await import('@a2a-js/sdk/compat/v0_3/server'),
});
type Sdk = Awaited<ReturnType<typeof load>>;

/** What a caller of the JSON-RPC binding sends along. */
export interface A2aCall {
  readonly caller: Principal;
  readonly target: Target;
  readonly payload: unknown;
  /** `A2A-Version` of the header or the query. */
  readonly version: string | undefined;
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal;
}

export interface StreamItem {
  /** The task's own sequence. */
  readonly id: number;
  readonly envelope: object;
}

/** The answer: one value, or a stream whose first item is already there. */
export interface A2aAnswer {
  readonly dialect: Dialect;
  /** The caller is of the adk family. */
  readonly untyped: boolean;
  readonly body?: object;
  readonly stream?: AsyncIterable<StreamItem>;
}

/** What callers get to know of a failure while errors are sanitised. */
const INTERNAL = 'Internal server error';
const CARD = { capabilities: { streaming: true } } as AgentCard;

/** Runs A2A's JSON-RPC calls of 1.0 and 0.3 on the SDK's transport handlers. */
@Injectable()
export class A2aCalls {
  private sdk: Promise<Sdk> | undefined;

  constructor(
    private readonly config: GatewayConfig,
    private readonly tasks: TasksService,
    private readonly registry: RegistryService,
  ) {}

  async answer(call: A2aCall): Promise<A2aAnswer> {
    const message = parseMessage(call.payload);
    if (message.kind !== 'call' || !isObject(call.payload))
      return plain(
        '0.3',
        rpcFailure(message.kind === 'malformed' ? message.id : null, malformedError(message)),
      );
    const sdk = await (this.sdk ??= load());
    const dialect = dialectOf(call.version, message.method);
    if (!dialect) return plain('1.0', wrongVersion(sdk, call.version, idOf(call.payload)));
    try {
      return await this.dispatch(sdk, call, checkCall(call.payload, dialect), dialect);
    } catch (error) {
      return plain(dialect, failure(sdk, dialect, idOf(call.payload), error));
    }
  }

  private async dispatch(
    sdk: Sdk,
    call: A2aCall,
    checked: CheckedCall,
    dialect: Dialect,
  ): Promise<A2aAnswer> {
    const handler = this.handlerFor(sdk, call);
    const Transport =
      dialect === '1.0' ? sdk.server.JsonRpcTransportHandler : sdk.legacy.LegacyJsonRpcTransportHandler;
    const context: ServerCallContext = new sdk.server.ServerCallContext({ requestedVersion: dialect });
    const answer = await new Transport(handler).handle(checked.body, context);
    if (!STREAMS.has(checked.method) || !(Symbol.asyncIterator in answer))
      return { dialect, untyped: checked.untyped, body: answer };
    const events = (answer as AsyncGenerator<object, void, undefined>)[Symbol.asyncIterator]();
    // What goes wrong before the first event is an answer, not a stream.
    const first = await events.next();
    return { dialect, untyped: checked.untyped, stream: numbered(first, events, handler) };
  }

  private handlerFor(sdk: Sdk, { caller, target, signal, lastEventId }: A2aCall): A2aHandler {
    const sanitize = this.config.profile === 'production';
    return new A2aHandler(this.tasks, this.registry, sdk.errors, () => CARD, {
      caller,
      target,
      signal,
      after: lastEventId,
      failure: (error) => (sanitize ? INTERNAL : error),
    });
  }
}

async function* numbered(
  first: IteratorResult<object, void>,
  events: AsyncGenerator<object, void, undefined>,
  handler: A2aHandler,
): AsyncGenerator<StreamItem, void, undefined> {
  for (let next = first; !next.done; next = await events.next())
    yield { id: handler.position, envelope: next.value };
}

const plain = (dialect: Dialect, body: object): A2aAnswer => ({ dialect, untyped: false, body });

const idOf = ({ id }: JsonObject): string | number | null =>
  typeof id === 'string' || typeof id === 'number' ? id : null;

const malformedError = (message: ReturnType<typeof parseMessage>) =>
  message.kind === 'malformed' ? message.error : { code: -32600, message: 'method: got nothing' };

function failure(sdk: Sdk, dialect: Dialect, id: string | number | null, thrown: unknown): RpcResponse {
  const error = toA2aError(sdk.errors, thrown);
  const { JsonRpcTransportHandler } = sdk.server;
  const { LegacyJsonRpcTransportHandler } = sdk.legacy;
  const said =
    dialect === '1.0'
      ? JsonRpcTransportHandler.mapToJSONRPCError(error)
      : LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error);
  return { jsonrpc: '2.0', id, error: said } as RpcResponse;
}

function wrongVersion(sdk: Sdk, version: string | undefined, id: string | number | null): RpcResponse {
  const error = new sdk.errors.VersionNotSupportedError(
    `A2A-Version: got ${JSON.stringify(version)}, allowed: 1.0, 0.3`,
  );
  return failure(sdk, '1.0', id, error);
}
