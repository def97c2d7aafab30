/** How an agent's HTTP server protects itself. */
export interface SecurityConfig {
  /** Origins whose pages may call it; empty: all. */
  readonly allowedOrigins: readonly string[];
  /** Milliseconds until an answer must have begun, else it is 408; streams that have begun are not bounded. The task lives on. */
  readonly requestTimeoutMs: number;
  /** Bytes of a request's body; more is 413. */
  readonly maxBodyBytes: number;
  /** Whether callers read why an agent failed; else it is told to `onError` only. */
  readonly exposeErrorDetails: boolean;
}

const DEFAULT: SecurityConfig = {
  allowedOrigins: [],
  requestTimeoutMs: 30_000,
  maxBodyBytes: 10 * 1024 * 1024,
  exposeErrorDetails: false,
};

/**
 * Presets; spread one to change it.
 *
 * ```js
 * const security = { ...SecurityConfig.production(['https://myapp.com']), requestTimeoutMs: 60_000 };
 * ```
 */
export const SecurityConfig = {
  /** All origins, 30 s, 10 MiB, errors without details. */
  default: (): SecurityConfig => DEFAULT,
  /** All origins, 60 s, 10 MiB, errors with details. */
  development: (): SecurityConfig => ({ ...DEFAULT, requestTimeoutMs: 60_000, exposeErrorDetails: true }),
  /** These origins, 30 s, 10 MiB, errors without details. */
  production: (allowedOrigins: readonly string[]): SecurityConfig => ({
    ...DEFAULT,
    allowedOrigins: [...allowedOrigins],
  }),
};
