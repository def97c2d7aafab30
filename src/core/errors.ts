import type { JsonObject } from './json.js';

/** Every way in which the gateway says no. Each protocol owns a `Record<ErrorCode, …>`, so a new code does not compile until all answer it. */
export const ERROR_CODES = [
  'INVALID',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'TASK_NOT_FOUND',
  'AGENT_NOT_FOUND',
  'NOT_FOUND',
  'TASK_TERMINAL',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'NO_AGENT_AVAILABLE',
  'OVERLOADED',
  'STORAGE_UNAVAILABLE',
  'TIMEOUT',
  'UPSTREAM',
  'INTERNAL',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorOptions {
  /** Seconds after which the same request may succeed; sent as Retry-After. */
  readonly retryAfterS?: number;
  /** What a program may need to know; goes out to the caller. */
  readonly data?: JsonObject;
  /** The cause; stays inside (logs only). */
  readonly cause?: unknown;
}

/** The one error type of the engine. `message` goes out to callers: it names the field, what was given and what is allowed, never internals. */
export class GatewayError extends Error {
  readonly retryAfterS: number | undefined;
  readonly data: JsonObject | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.retryAfterS = options.retryAfterS;
    this.data = options.data;
  }
}

/** A wrong input: says which field, what was given, what is allowed. */
export function invalid(field: string, given: unknown, allowed: string): GatewayError {
  return new GatewayError('INVALID', `${field}: got ${excerpt(given)}, allowed: ${allowed}`, {
    data: { field },
  });
}

/** A short, printable form of a hostile value for an error message. */
export function excerpt(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
