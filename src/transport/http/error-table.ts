import type { ErrorCode } from '../../core/errors.js';

/** How the plain HTTP APIs say one error code. */
export interface HttpError {
  readonly status: number;
  /** Short and constant; the `error` field of the body. */
  readonly title: string;
  /** Said instead of the error's own message, where the message could tell a foreign thing from a missing one. */
  readonly detail?: string;
}

/** A new code of the core does not compile until it has its row here. */
export const HTTP_ERRORS: Record<ErrorCode, HttpError> = {
  INVALID: { status: 400, title: 'invalid request' },
  UNAUTHENTICATED: { status: 401, title: 'unauthenticated' },
  FORBIDDEN: { status: 403, title: 'forbidden' },
  TASK_NOT_FOUND: { status: 404, title: 'task not found', detail: 'there is no such task' },
  AGENT_NOT_FOUND: { status: 404, title: 'agent not found', detail: 'there is no such agent' },
  NOT_FOUND: { status: 404, title: 'not found' },
  TASK_TERMINAL: { status: 409, title: 'task has ended' },
  CONFLICT: { status: 409, title: 'conflict' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'payload too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'unsupported media type' },
  RATE_LIMITED: { status: 429, title: 'too many requests' },
  NO_AGENT_AVAILABLE: { status: 503, title: 'no agent available' },
  OVERLOADED: { status: 503, title: 'overloaded' },
  STORAGE_UNAVAILABLE: { status: 503, title: 'storage unavailable' },
  TIMEOUT: { status: 504, title: 'timeout' },
  UPSTREAM: { status: 502, title: 'upstream failed' },
  INTERNAL: { status: 500, title: 'internal error' },
};

/** The request itself took too long (RFC 9110 §15.5.9), as opposed to what it asked for: code TIMEOUT, status 408. */
export const REQUEST_TIMEOUT: HttpError = { status: 408, title: 'request timeout' };

/** What may be said about an error that the gateway did not foresee. */
export const GENERIC_DETAIL = 'the gateway failed to handle the request; the request id is in its log';

/** The error body of every plain HTTP API of the gateway (spec: HTTP). */
export interface ErrorBody {
  readonly error: string;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly request_id: string;
}
