import { GatewayError, type ErrorCode } from '../../core/errors.js';
import { RPC_INTERNAL_ERROR, RPC_INVALID_PARAMS, type RpcErrorObject } from './envelope.js';

/** How JSON-RPC says one error code. */
export interface RpcError {
  readonly code: number;
  /** Said instead of the error's own message, where the message could tell a foreign thing from a missing one. */
  readonly message?: string;
}

/** The codes of `/jsonrpc` and of the bot socket; a new code of the core does not compile until it has its row here. */
export const RPC_ERRORS: Record<ErrorCode, RpcError> = {
  INVALID: { code: RPC_INVALID_PARAMS },
  UNAUTHENTICATED: { code: -32012 },
  FORBIDDEN: { code: -32012 },
  TASK_NOT_FOUND: { code: -32001, message: 'there is no such task' },
  AGENT_NOT_FOUND: { code: -32011, message: 'there is no such agent' },
  NOT_FOUND: { code: -32001 },
  TASK_TERMINAL: { code: -32002 },
  CONFLICT: { code: -32002 },
  PAYLOAD_TOO_LARGE: { code: RPC_INVALID_PARAMS },
  UNSUPPORTED_MEDIA_TYPE: { code: RPC_INVALID_PARAMS },
  RATE_LIMITED: { code: -32010 },
  NO_AGENT_AVAILABLE: { code: -32010 },
  OVERLOADED: { code: -32010 },
  STORAGE_UNAVAILABLE: { code: -32010 },
  TIMEOUT: { code: -32013 },
  UPSTREAM: { code: -32006 },
  INTERNAL: { code: RPC_INTERNAL_ERROR },
};

/** Said of what the gateway did not foresee. */
const GENERIC_MESSAGE = 'the gateway failed to handle the call';

/** A thrown value as a JSON-RPC error; `data.reason` is the machine code. What is no GatewayError shows nothing of itself. */
export function toRpcError(thrown: unknown): RpcErrorObject {
  if (!(thrown instanceof GatewayError))
    return { code: RPC_INTERNAL_ERROR, message: GENERIC_MESSAGE, data: { reason: 'INTERNAL' } };
  const { code, message } = RPC_ERRORS[thrown.code];
  if (message !== undefined) return { code, message, data: { reason: thrown.code } };
  const retry = thrown.retryAfterS === undefined ? {} : { retry_after: thrown.retryAfterS };
  return {
    code,
    message: thrown.code === 'INTERNAL' ? GENERIC_MESSAGE : thrown.message,
    data: { ...thrown.data, ...retry, reason: thrown.code },
  };
}
