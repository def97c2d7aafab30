import { GatewayError, type ErrorCode } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import { REQUEST_TIMEOUT, type HttpError } from '../../transport/http/error-table.js';
import type { ErrorWords } from '../../transport/http/error-words.js';

/** Below this path everything speaks seed 004. */
export const API_ROOT = 'api/v1';

/** How seed 004 says one error of the core. */
export interface OoderError {
  readonly code: string;
  readonly status: number;
  /** Said instead of the error's own message, where that could tell a foreign thing from a missing one. */
  readonly message?: string;
}

/** Seed 004, 6.1; 1002 and 1005 are of the main volume of V0.6. A new code of the core does not compile until it has its row. */
export const OODER_ERRORS: Record<ErrorCode, OoderError> = {
  INVALID: { code: '3004', status: 400 },
  UNAUTHENTICATED: { code: '1002', status: 401 },
  FORBIDDEN: { code: '3003', status: 403 },
  TASK_NOT_FOUND: { code: '3001', status: 404, message: 'Task not found' },
  AGENT_NOT_FOUND: { code: '3001', status: 404, message: 'Agent not found' },
  NOT_FOUND: { code: '3001', status: 404 },
  TASK_TERMINAL: { code: '3006', status: 409 },
  CONFLICT: { code: '3006', status: 409 },
  PAYLOAD_TOO_LARGE: { code: '3004', status: 413 },
  UNSUPPORTED_MEDIA_TYPE: { code: '3004', status: 415 },
  RATE_LIMITED: { code: '3002', status: 429 },
  NO_AGENT_AVAILABLE: { code: '3002', status: 503 },
  OVERLOADED: { code: '3002', status: 503 },
  STORAGE_UNAVAILABLE: { code: '3002', status: 503 },
  TIMEOUT: { code: '3005', status: 504 },
  UPSTREAM: { code: '3002', status: 503 },
  INTERNAL: { code: '1005', status: 500 },
};

/** Seed 004, 6.2. */
export interface OoderErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details: JsonObject;
  readonly timestamp: string;
}

/** One thing wrong with a request. */
export interface FieldError {
  readonly field: string;
  /** What is allowed. */
  readonly rule: string;
}

/** A request with these things wrong; 400/3004. */
export const invalidFields = (errors: readonly FieldError[]): GatewayError =>
  new GatewayError('INVALID', errors.map(({ field, rule }) => `${field}: ${rule}`).join('; '), {
    data: { errors: errors.map(({ field, rule }) => ({ field, rule })) },
  });

/** The words of seed 004 for all errors below its path. */
export const OODER_WORDS: ErrorWords = {
  below: `/${API_ROOT}/`,
  say: (error, said, detail) => [statusOf(error, said), toErrorBody(error, detail)],
};

function statusOf({ code }: GatewayError, said: HttpError): number {
  return said === REQUEST_TIMEOUT ? said.status : OODER_ERRORS[code].status;
}

const toErrorBody = (error: GatewayError, message: string): OoderErrorBody => ({
  code: OODER_ERRORS[error.code].code,
  message: OODER_ERRORS[error.code].message ?? message,
  details: detailsOf(error, message),
  timestamp: new Date().toISOString(),
});

/** What is wrong with a request is always told field by field. */
function detailsOf({ code, data = {} }: GatewayError, message: string): JsonObject {
  if (code !== 'INVALID' || Array.isArray(data['errors'])) return data;
  const { field, ...rest } = data;
  return { ...rest, errors: [{ field: typeof field === 'string' ? field : 'body', rule: message }] };
}
