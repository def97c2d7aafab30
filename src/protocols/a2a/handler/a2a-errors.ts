import type { A2AError } from '@a2a-js/sdk/errors';
import { GatewayError, type ErrorCode } from '../../../core/errors.js';
import { RPC_ERRORS } from '../../../transport/jsonrpc/error-codes.js';

type Errors = typeof import('@a2a-js/sdk/errors');

/** A2A's own errors (1.0 §5.4); codes that it has no word for keep the gateway's. */
const OWN: Partial<
  Record<
    ErrorCode,
    'TaskNotFoundError' | 'TaskNotCancelableError' | 'RequestMalformedError' | 'ContentTypeNotSupportedError'
  >
> = {
  TASK_NOT_FOUND: 'TaskNotFoundError',
  TASK_TERMINAL: 'TaskNotCancelableError',
  INVALID: 'RequestMalformedError',
  CONFLICT: 'RequestMalformedError',
  UNSUPPORTED_MEDIA_TYPE: 'ContentTypeNotSupportedError',
};

/** Said instead of the engine's own words: the same for foreign and unknown; A2A's field for the key. */
const SAID: Partial<Record<ErrorCode, string>> = {
  TASK_NOT_FOUND: 'task not found: there is no such task',
  CONFLICT: 'message.messageId, or Idempotency-Key: was used for another message; use a new one',
};
export const GENERIC = 'the gateway failed to handle the call';

/**
 * What the engine throws in the words of A2A where it has words for it; the SDK's own errors, and codes of the gateway alone,
 * pass. What nobody foresaw becomes INTERNAL.
 */
export function toOwnError(errors: Errors, thrown: unknown): A2AError | GatewayError {
  if (thrown instanceof errors.A2AError) return thrown;
  if (!(thrown instanceof GatewayError)) return new GatewayError('INTERNAL', GENERIC, { cause: thrown });
  const own = OWN[thrown.code];
  if (own) return new errors[own](SAID[thrown.code] ?? thrown.message);
  return thrown;
}

/** As {@link toOwnError}, for the JSON-RPC bindings: codes of the gateway alone go as its JSON-RPC codes. */
export function toA2aError(errors: Errors, thrown: unknown): A2AError {
  const error = toOwnError(errors, thrown);
  if (!(error instanceof GatewayError)) return error;
  const { code } = RPC_ERRORS[error.code];
  const message = error.code === 'INTERNAL' ? GENERIC : error.message;
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: error.code,
    domain: 'agent-gateway',
  };
  return new errors.JsonRpcTransportError({
    jsonrpc: '2.0',
    id: null,
    error: { code, message, data: [info] },
  });
}
