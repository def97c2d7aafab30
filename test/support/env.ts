export const SECRET = 'a secret of the tests, at least 32 bytes';

/** Auth on, with the shared secret of {@link tokenFor}. */
export const AUTH_ON = { GATEWAY_AUTH_MODE: 'jwt', GATEWAY_AUTH_JWT_SECRET: SECRET } as const;
