import { Injectable } from '@nestjs/common';
import type { ServerCallContext } from '@a2a-js/sdk/server';
import { isObject, type Json, type JsonObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import {
  parseMessage,
  rpcFailure,
  type RpcFailure,
  type RpcResponse,
} from '../../../transport/jsonrpc/envelope.js';
import { toA2aError } from '../handler/a2a-errors.js';
import type { A2aHandler } from '../handler/a2a-handler.js';
import { A2aHandlers } from '../handler/a2a-handlers.js';
import { opened, type StreamItem } from '../handler/numbered.js';
import { aimed, type Target } from '../handler/target.js';
import type { Dialect } from '../requests/checks.wire.js';
import { a2aSdk, type Sdk } from '../sdk.js';
import { V01Calls } from '../v0.1/v01-calls.js';
import { eventOf, resultOf, type V01Names } from '../v0.1/v01-shapes.js';
import { checkCall, dialectOf, STREAMS, type CheckedCall } from './a2a-request.wire.js';

/** What a caller of the JSON-RPC binding sends along. */
export interface A2aCall {
  readonly caller: Principal;
  readonly target: Target;
  readonly payload: unknown;
  /** `A2A-Version` of the header or the query. */
  readonly version: string | undefined;
  readonly lastEventId: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Extensions that the caller names. */
  readonly extensions: readonly string[];
  readonly signal: AbortSignal;
}

/** The answer: one value, or a stream whose first item is already there. */
export interface A2aAnswer {
  readonly dialect: Dialect;
  /** The caller is of the adk family. */
  readonly untyped: boolean;
  readonly body?: object;
  readonly stream?: AsyncIterable<StreamItem>;
}

/** Runs A2A's JSON-RPC calls of 1.0 and 0.3 on the SDK's transport handlers. */
@Injectable()
export class A2aCalls {
  constructor(
    private readonly handlers: A2aHandlers,
    private readonly v01: V01Calls,
  ) {}

  /** Answers a call in its own version; 0.1's by way of 0.3. */
  async answer(call: A2aCall): Promise<A2aAnswer> {
    if (call.version) return this.current(call);
    try {
      const older = await this.v01.translated(call.caller, call.payload);
      if (!older) return await this.current(call);
      return worded(await this.current({ ...call, payload: older.payload, version: '0.3' }), older.names);
    } catch (error) {
      return plain('0.3', failure(await a2aSdk(), '0.3', idOf(call.payload as JsonObject), error));
    }
  }

  private async current(call: A2aCall): Promise<A2aAnswer> {
    const message = parseMessage(call.payload);
    const sdk = await a2aSdk();
    if (message.kind !== 'call' || !isObject(call.payload)) {
      const id = message.kind === 'malformed' ? message.id : null;
      const dialect = dialectOf(call.version, undefined) ?? '1.0';
      return plain(dialect, explained(dialect, rpcFailure(id, malformedError(message))));
    }
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
    const handler = this.handlerFor(sdk, call, checked, dialect);
    const Transport =
      dialect === '1.0' ? sdk.server.JsonRpcTransportHandler : sdk.legacy.LegacyJsonRpcTransportHandler;
    const context: ServerCallContext = new sdk.server.ServerCallContext({ requestedVersion: dialect });
    const answer = await new Transport(handler).handle(checked.body, context);
    if (!STREAMS.has(checked.method) || !(Symbol.asyncIterator in answer))
      return {
        dialect,
        untyped: checked.untyped,
        body: 'error' in answer ? explained(dialect, answer as RpcFailure) : answer,
      };
    return { dialect, untyped: checked.untyped, stream: await opened(answer, handler) };
  }

  private handlerFor(
    sdk: Sdk,
    { caller, target, signal, lastEventId, idempotencyKey, extensions }: A2aCall,
    { body, untyped }: CheckedCall,
    dialect: Dialect,
  ): A2aHandler {
    const { params } = body;
    return this.handlers.handlerFor(sdk, {
      caller,
      target: aimed(target, isObject(params) ? params['tenant'] : undefined),
      signal,
      after: lastEventId,
      idempotencyKey,
      tasksOnly: untyped,
      dialect,
      extensions,
      toError: (thrown) => toA2aError(sdk.errors, thrown),
    });
  }
}

/** An answer of 0.3 in the shapes of 0.1. */
function worded({ body, stream, dialect }: A2aAnswer, names: V01Names): A2aAnswer {
  if (stream) return { dialect, untyped: false, stream: wordedStream(stream, names) };
  const envelope = body as { readonly result?: Json };
  const said = 'result' in envelope ? { ...envelope, result: resultOf(envelope.result, names) } : envelope;
  return { dialect, untyped: false, body: said };
}

async function* wordedStream(
  items: AsyncIterable<StreamItem>,
  names: V01Names,
): AsyncGenerator<StreamItem, void, undefined> {
  for await (const { id, data } of items) {
    const envelope = data as { readonly result?: Json };
    yield { id, data: { ...envelope, result: eventOf(envelope.result, names) } };
  }
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
  return explained(dialect, { jsonrpc: '2.0', id, error: said } as RpcFailure);
}

/** Of errors of the envelope; all others bring their own. */
const REASONS: Readonly<Record<number, string>> = {
  [-32600]: 'INVALID_REQUEST',
  [-32601]: 'METHOD_NOT_FOUND',
};

/** 1.0 §9.5: every error has an ErrorInfo. */
function explained(dialect: Dialect, refusal: RpcFailure): RpcFailure {
  const { error } = refusal;
  if (dialect !== '1.0' || Array.isArray(error.data)) return refusal;
  const reason = REASONS[error.code] ?? 'INTERNAL';
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'agent-gateway' };
  const metadata = isObject(error.data) ? { metadata: error.data } : {};
  return { ...refusal, error: { ...error, data: [{ ...info, ...metadata }] } } as unknown as RpcFailure;
}

function wrongVersion(sdk: Sdk, version: string | undefined, id: string | number | null): RpcResponse {
  const error = new sdk.errors.VersionNotSupportedError(
    `A2A-Version: got ${JSON.stringify(version)}, allowed: 1.0, 0.3`,
  );
  return failure(sdk, '1.0', id, error);
}
