/** Settings for gateways under test. Timers are a tenth of what people run, so that what waits for them is quick. */
export const SHORT_TIMERS = {
  GATEWAY_HEARTBEAT_INTERVAL: '400ms',
  GATEWAY_HEARTBEAT_TIMEOUT: '1200ms',
  GATEWAY_TASKS_TIMEOUT: '1500ms',
  GATEWAY_SSE_KEEPALIVE: '400ms',
} as const;

export const SECRET = 'a secret of the tests, at least 32 bytes';

/** Auth on, with the shared secret of {@link tokenFor}. */
export const AUTH_ON = { GATEWAY_AUTH_MODE: 'jwt', GATEWAY_AUTH_JWT_SECRET: SECRET } as const;
