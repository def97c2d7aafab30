import type { A2AError } from '@a2a-js/sdk/errors';
import { GatewayError, type ErrorCode } from '../../../core/errors.js';
import { RPC_ERRORS } from '../../../transport/jsonrpc/error-codes.js';

type Errors = typeof import('@a2a-js/sdk/errors');

/** A2A's own errors (1.0 §5.4); codes that it has no word for keep the gateway's JSON-RPC code. */
const OWN: Partial<
  Record<ErrorCode, 'TaskNotFoundError' | 'TaskNotCancelableError' | 'RequestMalformedError'>
> = {
  TASK_NOT_FOUND: 'TaskNotFoundError',
  TASK_TERMINAL: 'TaskNotCancelableError',
  INVALID: 'RequestMalformedError',
  CONFLICT: 'RequestMalformedError',
};

/** Said instead of the engine's own words: the same for foreign and unknown; A2A's field for the key. */
const SAID: Partial<Record<ErrorCode, string>> = {
  TASK_NOT_FOUND: 'there is no such task',
  CONFLICT: 'message.messageId: was used for another message; use a new one',
};
const GENERIC = 'the gateway failed to handle the call';

/** What the engine throws in the words of A2A; the SDK's own errors pass. */
export function toA2aError(errors: Errors, thrown: unknown): A2AError {
  if (thrown instanceof errors.A2AError) return thrown;
  if (!(thrown instanceof GatewayError)) return transportError(errors, -32603, GENERIC);
  const own = OWN[thrown.code];
  if (own) return new errors[own](SAID[thrown.code] ?? thrown.message);
  return transportError(
    errors,
    RPC_ERRORS[thrown.code].code,
    thrown.code === 'INTERNAL' ? GENERIC : thrown.message,
  );
}

const transportError = (errors: Errors, code: number, message: string): A2AError =>
  new errors.JsonRpcTransportError({ jsonrpc: '2.0', id: null, error: { code, message } });
