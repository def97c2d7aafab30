import { wrong } from './config.error.js';
import type { GatewayConfig } from './gateway.config.js';
import { isLoopback } from './net.kinds.js';

/** Settings that contradict each other: the line to show, or undefined when they agree. */
type Rule = (config: GatewayConfig) => string | undefined;

const given = (value: unknown): boolean => value !== undefined;

/** `variable` is useless without `other`. */
function needs(variable: string, value: unknown, other: string, otherValue: unknown): string | undefined {
  return given(value) && !given(otherValue)
    ? `${variable}: got ${JSON.stringify(value)}, allowed: only together with ${other}`
    : undefined;
}

function exposed(variable: string, host: string, { auth }: GatewayConfig): string | undefined {
  if (auth.mode !== 'off' || auth.allowInsecure || isLoopback(host)) return undefined;
  const allowed =
    'with GATEWAY_AUTH_MODE=off a loopback address (localhost, 127.0.0.0/8, ::1), or GATEWAY_AUTH_ALLOW_INSECURE=true';
  return wrong(variable, host, allowed);
}

const RULES: readonly Rule[] = [
  ({ http }) => needs('GATEWAY_HTTP_TLS_CERT', http.tlsCert, 'GATEWAY_HTTP_TLS_KEY', http.tlsKey),
  ({ http }) => needs('GATEWAY_HTTP_TLS_KEY', http.tlsKey, 'GATEWAY_HTTP_TLS_CERT', http.tlsCert),
  ({ bots }) => needs('GATEWAY_BOTS_TLS_CERT', bots.tlsCert, 'GATEWAY_BOTS_TLS_KEY', bots.tlsKey),
  ({ bots }) => needs('GATEWAY_BOTS_TLS_KEY', bots.tlsKey, 'GATEWAY_BOTS_TLS_CERT', bots.tlsCert),
  ({ bots }) => needs('GATEWAY_BOTS_TLS_CA', bots.tlsCa, 'GATEWAY_BOTS_TLS_CERT', bots.tlsCert),
  ({ grpc }) => needs('GATEWAY_GRPC_PUBLIC_ADDRESS', grpc.publicAddress, 'GATEWAY_GRPC_PORT', grpc.port),
  ({ bots }) => needs('GATEWAY_BOTS_TLS_CRL', bots.tlsCrl, 'GATEWAY_BOTS_TLS_CA', bots.tlsCa),
  samePort,
  sameGrpcPort,
  pingTooSlow,
  (config) => exposed('GATEWAY_HTTP_HOST', config.http.host, config),
  (config) => exposed('GATEWAY_BOTS_HOST', config.bots.host, config),
  openInProduction,
  noKeys,
  noKeyForAlgorithm,
  clientsWithoutSecret,
];

/** Every contradiction in a configuration whose values are right one by one. */
export const contradictions = (config: GatewayConfig): string[] =>
  RULES.map((rule) => rule(config)).filter((problem) => problem !== undefined);

function samePort({ http, bots }: GatewayConfig): string | undefined {
  if (bots.port === 0 || bots.port !== http.port || bots.host !== http.host) return undefined;
  return wrong('GATEWAY_BOTS_PORT', bots.port, 'another port than GATEWAY_HTTP_PORT on the same host');
}

function sameGrpcPort({ bots, grpc, http }: GatewayConfig): string | undefined {
  if (grpc.port === undefined || grpc.port === 0) return undefined;
  const taken = grpc.port === http.port || (grpc.port === bots.port && bots.host === http.host);
  return taken
    ? wrong(
        'GATEWAY_GRPC_PORT',
        grpc.port,
        'another port than GATEWAY_HTTP_PORT and GATEWAY_BOTS_PORT on the same host',
      )
    : undefined;
}

function pingTooSlow({ heartbeat: { interval, timeout } }: GatewayConfig): string | undefined {
  if (timeout > interval) return undefined;
  return `GATEWAY_HEARTBEAT_TIMEOUT: got ${timeout} ms, allowed: longer than GATEWAY_HEARTBEAT_INTERVAL (${interval} ms)`;
}

function openInProduction({ profile, auth }: GatewayConfig): string | undefined {
  if (profile !== 'production' || auth.mode !== 'off' || auth.allowInsecure) return undefined;
  return wrong('GATEWAY_AUTH_MODE', 'off', 'jwt in production, or off with GATEWAY_AUTH_ALLOW_INSECURE=true');
}

function noKeys({ auth }: GatewayConfig): string | undefined {
  if (auth.mode !== 'jwt' || given(auth.jwtSecret) || given(auth.jwksUrl)) return undefined;
  const allowed =
    'with GATEWAY_AUTH_MODE=jwt a secret of at least 32 bytes (here or in the file GATEWAY_AUTH_JWT_SECRET_FILE), or GATEWAY_AUTH_JWKS_URL';
  return `GATEWAY_AUTH_JWT_SECRET: got nothing, allowed: ${allowed}`;
}

function noKeyForAlgorithm({ auth }: GatewayConfig): string | undefined {
  if (auth.mode !== 'jwt' || (!given(auth.jwtSecret) && !given(auth.jwksUrl))) return undefined;
  const orphan = auth.algorithms.find((name) => !given(name === 'HS256' ? auth.jwtSecret : auth.jwksUrl));
  if (orphan === undefined && auth.algorithms.length > 0) return undefined;
  const allowed =
    'at least one; HS256 only with GATEWAY_AUTH_JWT_SECRET, the others only with GATEWAY_AUTH_JWKS_URL';
  return wrong('GATEWAY_AUTH_ALGORITHMS', auth.algorithms.join(','), allowed);
}

function clientsWithoutSecret({ auth }: GatewayConfig): string | undefined {
  if (auth.clients.length === 0) return undefined;
  if (given(auth.jwtSecret) && auth.algorithms.includes('HS256')) return undefined;
  const allowed =
    'only together with GATEWAY_AUTH_JWT_SECRET and HS256 in GATEWAY_AUTH_ALGORITHMS, which sign their tokens';
  return `GATEWAY_AUTH_CLIENTS: got ${auth.clients.length}, allowed: ${allowed}`;
}
