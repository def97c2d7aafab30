import { Injectable, Logger } from '@nestjs/common';
import { GatewayError, invalid } from '../../core/errors.js';
import { isObject, type JsonObject } from '../../core/json.js';
import type { Principal } from '../../core/principal.js';
import { Policy } from '../../engine/auth/policy.js';
import {
  malformed,
  MAX_BATCH,
  parseMessage,
  RPC_METHOD_NOT_FOUND,
  rpcFailure,
  rpcResult,
  type RpcCall,
  type RpcErrorObject,
  type RpcParams,
  type RpcResponse,
} from '../../transport/jsonrpc/envelope.js';
import { toRpcError } from '../../transport/jsonrpc/error-codes.js';
import { RPC_METHODS, type RpcMethodName } from '../../transport/orchestrator/rpc-methods.js';
import { RpcHandlers } from './handlers.js';

/** Runs JSON-RPC 2.0 payloads: single calls and batches. */
@Injectable()
export class RpcDispatcher {
  private readonly logger = new Logger('JsonRpc');

  constructor(
    private readonly handlers: RpcHandlers,
    private readonly policy: Policy,
  ) {}

  /** The answer to a parsed payload; undefined when it holds nothing but notifications (§4.1, §6). */
  async handle(who: Principal, payload: unknown): Promise<RpcResponse | RpcResponse[] | undefined> {
    if (!Array.isArray(payload)) return this.answer(who, payload);
    if (payload.length === 0 || payload.length > MAX_BATCH) {
      const refusal = malformed(null, `batch: got ${payload.length} entries, allowed: 1 to ${MAX_BATCH}`);
      return rpcFailure(null, refusal.error);
    }
    const answers = await Promise.all(payload.map((entry: unknown) => this.answer(who, entry)));
    const given = answers.filter((answer) => answer !== undefined);
    return given.length > 0 ? given : undefined;
  }

  /** Never rejects: entries of a batch are apart from each other. */
  private async answer(who: Principal, value: unknown): Promise<RpcResponse | undefined> {
    const message = parseMessage(value);
    if (message.kind === 'malformed') return rpcFailure(message.id, message.error);
    if (message.kind === 'reply') return rpcFailure(message.id, malformed(null, 'method: got nothing').error);
    const { id } = message;
    try {
      const result = await this.call(who, message);
      return id === undefined ? undefined : rpcResult(id, result);
    } catch (error) {
      if (!(error instanceof GatewayError)) this.logger.error(error);
      return id === undefined ? undefined : rpcFailure(id, errorFor(error));
    }
  }

  private call(who: Principal, { method, params }: RpcCall): unknown {
    if (!isMethod(method)) throw new UnknownMethod();
    this.policy.requireRight(who, RPC_METHODS[method].right);
    return this.handlers.run(method, who, byName(params));
  }
}

class UnknownMethod extends GatewayError {
  constructor() {
    super('NOT_FOUND', `method: allowed: ${Object.keys(RPC_METHODS).join(', ')}`);
  }
}

const isMethod = (method: string): method is RpcMethodName => Object.hasOwn(RPC_METHODS, method);

function byName(params: RpcParams): JsonObject {
  if (params === undefined) return {};
  if (!isObject(params)) throw invalid('params', params, 'an object: parameters go by name');
  return params;
}

function errorFor(error: unknown): RpcErrorObject {
  if (!(error instanceof UnknownMethod)) return toRpcError(error);
  return {
    code: RPC_METHOD_NOT_FOUND,
    message: 'Method not found',
    data: { reason: 'NOT_FOUND', detail: error.message },
  };
}
