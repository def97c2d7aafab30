import { types } from 'node:util';
import { A2A_ERROR_CODE, A2AError as SdkError, isJsonRpcError } from '@a2a-js/sdk/errors';
import type { TaskState } from './types.js';

/** Codes of JSON-RPC and A2A that this SDK acts upon. */
export const A2A_CODES = {
  methodNotFound: A2A_ERROR_CODE.METHOD_NOT_FOUND,
  unsupported: A2A_ERROR_CODE.UNSUPPORTED_OPERATION,
} as const;

/** What goes wrong between agents. */
export class A2aError extends Error {
  override readonly name: string = 'A2aError';
}

/** The other agent said no. */
export class A2aRpcError extends A2aError {
  override readonly name = 'A2aRpcError';

  constructor(
    message: string,
    /** JSON-RPC's or A2A's code, whatever the binding: −32601 no such method, −32001 no such task, … */
    readonly code: number,
    /** What it said besides. */
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** Why there is no answer. `protocol`: what came is not A2A. */
export type RequestFailure = 'unreachable' | 'timeout' | 'status' | 'protocol';

export interface RequestErrorDetails {
  /** Status of HTTP. */
  readonly status?: number;
  /** Seconds after which the same request may succeed. */
  readonly retryAfterS?: number;
  readonly cause?: unknown;
}

/** No answer of the other agent, or none of A2A. */
export class A2aRequestError extends A2aError {
  override readonly name = 'A2aRequestError';
  readonly status: number | undefined;
  readonly retryAfterS: number | undefined;

  constructor(
    readonly url: string,
    readonly reason: RequestFailure,
    message: string,
    { status, retryAfterS, cause }: RequestErrorDetails = {},
  ) {
    super(`${url}: ${message}`, cause === undefined ? undefined : { cause });
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** An agent has failed at its task. */
export class AgentFailedError extends A2aError {
  override readonly name = 'AgentFailedError';

  constructor(
    readonly agent: string,
    readonly state: TaskState,
    /** The agent's own words, if it has any. */
    readonly said: string,
  ) {
    super(`${agent}: ${said || state}`);
  }
}

/** Codes by the reasons that the bindings without codes give. */
const CODES: Readonly<Record<string, number>> = {
  ...A2A_ERROR_CODE,
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: A2A_ERROR_CODE.EXTENDED_CARD_NOT_CONFIGURED,
};

/** What the official SDK's client throws, as ours; the reason of an aborted signal passes. */
export function toA2aError(url: string, thrown: unknown): unknown {
  if (thrown instanceof A2aError) return thrown;
  if (thrown instanceof SdkError) return rpcError(thrown);
  if (!types.isNativeError(thrown)) return thrown;
  // An error inside a stream comes as the cause of a plain one.
  if (thrown.cause instanceof SdkError) return rpcError(thrown.cause);
  // `fetch` tells by a TypeError with a cause that a connection broke while it was read from.
  const isBroken = thrown.name === 'TypeError' && types.isNativeError(thrown.cause);
  return new A2aRequestError(url, isBroken ? 'unreachable' : 'protocol', thrown.message, { cause: thrown });
}

function rpcError(error: SdkError): A2aRpcError {
  if (isJsonRpcError(error)) return new A2aRpcError(error.message, error.envelopeCode, error.data);
  return new A2aRpcError(error.message, CODES[error.reason] ?? A2A_ERROR_CODE.INTERNAL_ERROR, error.metadata);
}
