import { isObject, type JsonObject } from '../../core/json.js';

/** JSON-RPC 2.0 §5.1: errors of the envelope itself. */
export const RPC_PARSE_ERROR = -32700;
export const RPC_INVALID_REQUEST = -32600;
export const RPC_METHOD_NOT_FOUND = -32601;
export const RPC_INVALID_PARAMS = -32602;
export const RPC_INTERNAL_ERROR = -32603;

/** Entries of one batch at most. */
export const MAX_BATCH = 50;

/** §4: echoed with its type. `null` is an id too, if a discouraged one. */
export type RpcId = string | number | null;

/** By name, by position, or none. */
export type RpcParams = JsonObject | readonly unknown[] | undefined;

/** A request (with id) or a notification (`id` undefined: never answered). */
export interface RpcCall {
  readonly kind: 'call';
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly params: RpcParams;
}

/** The other side's answer to a call of ours; `error` is whatever it sent there. */
export interface RpcReply {
  readonly kind: 'reply';
  readonly id: RpcId;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Neither; to be answered with `error` under `id`. */
export interface RpcMalformed {
  readonly kind: 'malformed';
  readonly id: RpcId;
  readonly error: RpcErrorObject;
}

export type RpcMessage = RpcCall | RpcReply | RpcMalformed;

export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonObject;
}

export interface RpcSuccess {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly result: unknown;
}

export interface RpcFailure {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly error: RpcErrorObject;
}

export type RpcResponse = RpcSuccess | RpcFailure;

export const rpcResult = (id: RpcId, result: unknown): RpcSuccess => ({ jsonrpc: '2.0', id, result });
export const rpcFailure = (id: RpcId, error: RpcErrorObject): RpcFailure => ({ jsonrpc: '2.0', id, error });

/** What to answer to bytes that are no JSON (§5.1: id null). */
export const parseFailure = (detail: string): RpcFailure =>
  rpcFailure(null, { code: RPC_PARSE_ERROR, message: 'Parse error', data: { reason: 'INVALID', detail } });

const isId = (value: unknown): value is RpcId =>
  value === null || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));

/** Reads one message (never a batch). */
export function parseMessage(value: unknown): RpcMessage {
  if (!isObject(value)) return malformed(null, 'a message is an object');
  const { id } = value;
  if (id !== undefined && !isId(id)) return malformed(null, 'id: allowed: a string, a number or null');
  if (value['jsonrpc'] !== '2.0') return malformed(id ?? null, 'jsonrpc: allowed: "2.0"');
  const isReply = value['method'] === undefined && ('result' in value || 'error' in value);
  return isReply ? reply(value, id ?? null) : call(value, id);
}

/** §4: a request or a notification. Null params are taken as none. */
function call({ method, params }: JsonObject, id: RpcId | undefined): RpcCall | RpcMalformed {
  if (typeof method !== 'string') return malformed(id ?? null, 'method: allowed: a string');
  if (params === undefined || params === null) return { kind: 'call', id, method, params: undefined };
  if (typeof params !== 'object') return malformed(id ?? null, 'params: allowed: an object or an array');
  return { kind: 'call', id, method, params };
}

/** A response of the other side (§5); both members at once are taken as the error. */
function reply(value: JsonObject, id: RpcId): RpcReply {
  return 'error' in value
    ? { kind: 'reply', id, error: value['error'] }
    : { kind: 'reply', id, result: value['result'] };
}

/** Refuses a message as a whole (−32600). */
export function malformed(id: RpcId, detail: string): RpcMalformed {
  return {
    kind: 'malformed',
    id,
    error: { code: RPC_INVALID_REQUEST, message: 'Invalid Request', data: { reason: 'INVALID', detail } },
  };
}
