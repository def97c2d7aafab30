import { tmpdir } from 'node:os';
import { ConfigError } from './config.error.js';
import { GatewayConfig } from './gateway.config.js';
import { loadConfig } from './load.js';
import { contradictions } from './rules.js';

type Env = Record<string, string>;
const SECRET = 'a-shared-secret-of-more-than-32-bytes';
const JWKS = 'https://id.example.com/jwks.json';
const CLIENTS =
  '[{"id":"c","secret_hash":"scrypt$16384$8$1$c2FsdA==$aGFzaA==","namespace":"n","scope":"read"}]';

/** Variables, and the start of each line that they must cause. */
const CASES: [string, Env, string[]][] = [
  [
    'certificate without key',
    { HTTP_TLS_CERT: 'c' },
    ['HTTP_TLS_CERT: got "c", allowed: only together with GATEWAY_HTTP_TLS_KEY'],
  ],
  [
    'key without certificate',
    { HTTP_TLS_KEY: 'k' },
    ['HTTP_TLS_KEY: got "k", allowed: only together with GATEWAY_HTTP_TLS_CERT'],
  ],
  [
    'bots: certificate without key',
    { BOTS_TLS_CERT: 'c' },
    ['BOTS_TLS_CERT: got "c", allowed: only together'],
  ],
  ['bots: key without certificate', { BOTS_TLS_KEY: 'k' }, ['BOTS_TLS_KEY: got "k", allowed: only together']],
  [
    'CA without certificate',
    { BOTS_TLS_CA: 'a' },
    ['BOTS_TLS_CA: got "a", allowed: only together with GATEWAY_BOTS_TLS_CERT'],
  ],
  [
    'CRL without CA',
    { BOTS_TLS_CERT: 'c', BOTS_TLS_KEY: 'k', BOTS_TLS_CRL: 'r' },
    ['BOTS_TLS_CRL: got "r", allowed: only together with GATEWAY_BOTS_TLS_CA'],
  ],
  [
    'one port twice',
    { BOTS_PORT: '8443' },
    ['BOTS_PORT: got 8443, allowed: another port than GATEWAY_HTTP_PORT'],
  ],
  ['free ports', { BOTS_PORT: '0', HTTP_PORT: '0' }, []],
  ['one port on two hosts', { BOTS_PORT: '8443', BOTS_HOST: '127.0.0.2' }, []],
  [
    'heartbeat timeout = interval',
    { HEARTBEAT_INTERVAL: '10s', HEARTBEAT_TIMEOUT: '10s' },
    ['HEARTBEAT_TIMEOUT: got 10000 ms, allowed: longer than GATEWAY_HEARTBEAT_INTERVAL (10000 ms)'],
  ],
  ['heartbeat timeout just longer', { HEARTBEAT_INTERVAL: '10s', HEARTBEAT_TIMEOUT: '10001' }, []],
  [
    'open to others',
    { HTTP_HOST: '0.0.0.0' },
    ['HTTP_HOST: got "0.0.0.0", allowed: with GATEWAY_AUTH_MODE=off a loopback'],
  ],
  [
    'bots open to others',
    { BOTS_HOST: '::' },
    ['BOTS_HOST: got "::", allowed: with GATEWAY_AUTH_MODE=off a loopback'],
  ],
  ['open by a name', { HTTP_HOST: 'gw.example.com' }, ['HTTP_HOST: got "gw.example.com"']],
  ['open on purpose', { HTTP_HOST: '0.0.0.0', BOTS_HOST: '::', AUTH_ALLOW_INSECURE: 'true' }, []],
  ['open to this machine', { HTTP_HOST: 'localhost', BOTS_HOST: '127.9.9.9' }, []],
  ['closed to others', { HTTP_HOST: '0.0.0.0', AUTH_MODE: 'jwt', AUTH_JWT_SECRET: SECRET }, []],
  [
    'jwt without keys',
    { AUTH_MODE: 'jwt' },
    ['AUTH_JWT_SECRET: got nothing, allowed: with GATEWAY_AUTH_MODE=jwt a secret'],
  ],
  ['production without keys', { PROFILE: 'production' }, ['AUTH_JWT_SECRET: got nothing']],
  ['production, secret', { PROFILE: 'production', AUTH_JWT_SECRET: SECRET }, []],
  ['production, JWKS', { PROFILE: 'production', AUTH_JWKS_URL: JWKS }, []],
  [
    'production, auth off',
    { PROFILE: 'production', AUTH_MODE: 'off' },
    ['AUTH_MODE: got "off", allowed: jwt in production'],
  ],
  [
    'production, auth off on purpose',
    { PROFILE: 'production', AUTH_MODE: 'off', AUTH_ALLOW_INSECURE: 'true' },
    [],
  ],
  [
    'algorithm without its key',
    { AUTH_MODE: 'jwt', AUTH_JWT_SECRET: SECRET, AUTH_ALGORITHMS: 'HS256,RS256' },
    ['AUTH_ALGORITHMS: got "HS256,RS256", allowed: at least one; HS256 only with'],
  ],
  [
    'HS256 without secret',
    { AUTH_MODE: 'jwt', AUTH_JWKS_URL: JWKS, AUTH_ALGORITHMS: 'HS256' },
    ['AUTH_ALGORITHMS: got "HS256"'],
  ],
  [
    'no algorithm',
    { AUTH_MODE: 'jwt', AUTH_JWKS_URL: JWKS, AUTH_ALGORITHMS: 'none' },
    ['AUTH_ALGORITHMS: got ""'],
  ],
  [
    'clients without secret',
    { AUTH_CLIENTS: CLIENTS },
    ['AUTH_CLIENTS: got 1, allowed: only together with GATEWAY_AUTH_JWT_SECRET'],
  ],
  ['clients with secret', { AUTH_CLIENTS: CLIENTS, AUTH_JWT_SECRET: SECRET }, []],
];

const PREFIXED = CASES.map(([name, env, lines]): [string, Env, string[]] => [
  name,
  Object.fromEntries(Object.entries(env).map(([key, value]) => [`GATEWAY_${key}`, value])),
  lines.map((line) => `GATEWAY_${line}`),
]);

describe('contradictions', () => {
  it.each(PREFIXED)('%s', (_, env, expected) => {
    let lines: readonly string[] = [];
    try {
      loadConfig({ env, cwd: tmpdir() });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      lines = error.problems.filter((line) => !line.includes('readable PEM file'));
    }
    expect(lines).toEqual(expected.map((line) => expect.stringContaining(line) as string));
  });

  it('finds none in the defaults', () => {
    expect(contradictions(new GatewayConfig())).toEqual([]);
  });
});
