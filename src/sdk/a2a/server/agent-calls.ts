import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server';
import {
  A2AError,
  JsonRpcTransportError,
  RequestMalformedError,
  VersionNotSupportedError,
} from '@a2a-js/sdk/errors';
import { JsonRpcTransportHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { GatewayError } from '../../../core/errors.js';
import { isObject, type JsonObject } from '../../../core/json.js';
import { checkCall, dialectOf, STREAMS } from '../../../protocols/a2a/json-rpc/a2a-request.wire.js';
import type { Dialect } from '../../../protocols/a2a/requests/checks.wire.js';
import type { AgentCard } from '../types.js';
import { AgentHandler } from './agent-handler.js';
import type { AgentTasks } from './agent-tasks.js';

export interface AgentCall {
  readonly payload: unknown;
  /** `A2A-Version` of the header or the query. */
  readonly version: string | undefined;
  /** Aborts when the caller has hung up. */
  readonly signal: AbortSignal;
}

/** The answer: one value, or a stream whose first item is already there. */
export interface AgentAnswer {
  readonly dialect: Dialect;
  /** The caller is of the adk family. */
  readonly untyped: boolean;
  readonly body?: object;
  readonly stream?: AsyncIterable<object>;
}

const INVALID_REQUEST = -32600;
const INTERNAL_ERROR = -32603;

/** Runs A2A's JSON-RPC calls of 1.0 and 0.3 on the official SDK's transport handlers. */
export class AgentCalls {
  constructor(
    private readonly tasks: AgentTasks,
    private readonly card: () => AgentCard,
    private readonly onError: (error: unknown) => void,
  ) {}

  async answer({ payload, version, signal }: AgentCall): Promise<AgentAnswer> {
    if (!isObject(payload) || payload['jsonrpc'] !== '2.0' || typeof payload['method'] !== 'string')
      return refusal('0.3', payload, rpcError(INVALID_REQUEST, 'no call of JSON-RPC 2.0'));
    const dialect = dialectOf(version, payload['method']);
    if (!dialect) {
      const message = `A2A-Version: got ${JSON.stringify(version)}, allowed: 1.0, 0.3`;
      return refusal('1.0', payload, new VersionNotSupportedError(message));
    }
    try {
      return await this.dispatch(payload, dialect, signal);
    } catch (error) {
      return refusal(dialect, payload, this.saying(error));
    }
  }

  private async dispatch(payload: JsonObject, dialect: Dialect, signal: AbortSignal): Promise<AgentAnswer> {
    const { method, body, untyped } = checkCall(payload, dialect);
    const handler = new AgentHandler(this.tasks, this.card(), signal);
    const Transport = dialect === '1.0' ? JsonRpcTransportHandler : LegacyJsonRpcTransportHandler;
    const context = new ServerCallContext({ requestedVersion: dialect });
    const answer = await new Transport(handler).handle(body, context);
    if (!STREAMS.has(method) || !(Symbol.asyncIterator in answer)) return { dialect, untyped, body: answer };
    const events = (answer as AsyncGenerator<object, void, undefined>)[Symbol.asyncIterator]();
    // What goes wrong before the first event is an answer, not a stream.
    return { dialect, untyped, stream: startedWith(await events.next(), events) };
  }

  /** What may be told; the official SDK's own errors pass. */
  private saying(error: unknown): unknown {
    if (error instanceof GatewayError && error.code === 'INVALID')
      return new RequestMalformedError(error.message);
    if (error instanceof A2AError) return error;
    this.onError(error);
    return rpcError(INTERNAL_ERROR, 'Internal error');
  }
}

async function* startedWith(
  first: IteratorResult<object, void>,
  events: AsyncGenerator<object, void, undefined>,
): AsyncGenerator<object, void, undefined> {
  try {
    for (let next = first; !next.done; next = await events.next()) yield next.value;
  } finally {
    await events.return();
  }
}

const rpcError = (code: number, message: string): JsonRpcTransportError =>
  new JsonRpcTransportError({ jsonrpc: '2.0', id: null, error: { code, message } });

/** JSON-RPC 2.0 §5: the error under the id of the call, as far as that can be told. */
function refusal(dialect: Dialect, payload: unknown, thrown: unknown): AgentAnswer {
  const given = isObject(payload) ? payload['id'] : null;
  const id = typeof given === 'string' || typeof given === 'number' ? given : null;
  const error =
    dialect === '1.0'
      ? JsonRpcTransportHandler.mapToJSONRPCError(thrown)
      : LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(thrown);
  return { dialect, untyped: false, body: { jsonrpc: '2.0', id, error } };
}
