import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeConfig } from './describe.js';
import { GatewayConfig } from './gateway.config.js';
import { loadConfig } from './load.js';
import { PROFILES } from './setting.js';
import { SETTINGS } from './settings.js';

const DERIVED_ALGORITHMS = 'HS256 with a secret, RS256,ES256,EdDSA with a JWKS URL';
const PRIVATE = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7';

/** The contract: deployments rely on these names and defaults. */
const CONTRACT: [variable: string, fallback: string][] = [
  ['GATEWAY_PROFILE', 'development'],
  ['GATEWAY_ROLE', 'center'],
  ['GATEWAY_NODE_ID', 'host name + port'],
  ['GATEWAY_PUBLIC_URL', 'http(s)://HOST:PORT'],
  ['GATEWAY_HTTP_HOST', '127.0.0.1'],
  ['GATEWAY_HTTP_PORT', '8443'],
  ['GATEWAY_HTTP_TLS_CERT', 'off'],
  ['GATEWAY_HTTP_TLS_KEY', 'off'],
  ['GATEWAY_HTTP_BODY_LIMIT', '10mb'],
  ['GATEWAY_HTTP_REQUEST_TIMEOUT', '30s'],
  ['GATEWAY_HTTP_CORS_ORIGINS', '* (development), none (production)'],
  ['GATEWAY_HTTP_TRUST_PROXY', 'off'],
  ['GATEWAY_BOTS_HOST', '127.0.0.1'],
  ['GATEWAY_BOTS_PORT', '8080'],
  ['GATEWAY_BOTS_TLS_CERT', 'off'],
  ['GATEWAY_BOTS_TLS_KEY', 'off'],
  ['GATEWAY_BOTS_TLS_CA', 'off'],
  ['GATEWAY_BOTS_TLS_CRL', 'off'],
  ['GATEWAY_BOTS_REGISTER_TIMEOUT', '10s'],
  ['GATEWAY_BOTS_MAX_FRAME', '1mb'],
  ['GATEWAY_STORAGE_URL', 'sqlite:./data/gateway.db'],
  ['GATEWAY_STORAGE_RETENTION', '7d'],
  ['GATEWAY_STORAGE_DATA_RETENTION', '30d'],
  ['GATEWAY_REDIS_URL', 'off'],
  ['GATEWAY_AUTH_MODE', 'off (development), jwt (production)'],
  ['GATEWAY_AUTH_JWT_SECRET', 'off'],
  ['GATEWAY_AUTH_JWKS_URL', 'off'],
  ['GATEWAY_AUTH_ISSUER', 'gateway-auth'],
  ['GATEWAY_AUTH_AUDIENCE', 'off'],
  ['GATEWAY_AUTH_ALLOW_INSECURE', 'false'],
  ['GATEWAY_AUTH_ALGORITHMS', DERIVED_ALGORITHMS],
  ['GATEWAY_AUTH_CLIENTS', 'none'],
  ['GATEWAY_AUTH_PUBLIC_NAMESPACES', 'none'],
  ['GATEWAY_AUTH_TOKEN_TTL', '1h'],
  ['GATEWAY_AUTH_TRUST_DOMAIN', 'off'],
  ['GATEWAY_HEARTBEAT_INTERVAL', '10s'],
  ['GATEWAY_HEARTBEAT_TIMEOUT', '30s'],
  ['GATEWAY_TASKS_TIMEOUT', '60s'],
  ['GATEWAY_TASKS_QUEUE_TIMEOUT', '10m'],
  ['GATEWAY_TASKS_INPUT_TIMEOUT', '24h'],
  ['GATEWAY_TASKS_QUEUE_LIMIT', '10000'],
  ['GATEWAY_TASKS_WHEN_BUSY', 'queue'],
  ['GATEWAY_TASKS_RECONNECT_GRACE', '10s'],
  ['GATEWAY_TASKS_ON_AGENT_LOST', 'fail'],
  ['GATEWAY_TASKS_MAX_ATTEMPTS', '3'],
  ['GATEWAY_TASKS_ARTIFACT_LIMIT', '64mb'],
  ['GATEWAY_ROUTING_STRATEGY', 'least_load'],
  ['GATEWAY_SSE_KEEPALIVE', '15s'],
  ['GATEWAY_WEBHOOKS_TIMEOUT', '10s'],
  ['GATEWAY_WEBHOOKS_STRICT_200', 'false'],
  ['GATEWAY_WEBHOOKS_HEARTBEAT_TIMEOUT', '60s'],
  ['GATEWAY_WEBHOOKS_INBOX_LEASE', '60s'],
  ['GATEWAY_WEBHOOKS_INBOX_LIMIT', '10000'],
  ['GATEWAY_WEBHOOKS_ALLOWED_NETWORKS', `${PRIVATE} (development), none (production)`],
  ['GATEWAY_SECRETS_KEY', 'none'],
  ['GATEWAY_REMOTES_TIMEOUT', '30s'],
  ['GATEWAY_REMOTES_SEND_TIMEOUT', '10m'],
  ['GATEWAY_REMOTES_POLL_INTERVAL', '10s'],
  ['GATEWAY_REMOTES_RETRY_MIN', '500ms'],
  ['GATEWAY_REMOTES_RETRY_MAX', '30s'],
  ['GATEWAY_REMOTES_SEND_ATTEMPTS', '3'],
  ['GATEWAY_REMOTES_FAILURES', '3'],
  ['GATEWAY_REMOTES_REFRESH', '5m'],
  ['GATEWAY_REMOTES_MAX_ANSWER', '16mb'],
  ['GATEWAY_REMOTES_CARD_KEYS', 'off'],
  ['GATEWAY_OUTBOX_ATTEMPTS', '16'],
  ['GATEWAY_OUTBOX_FIRST_DELAY', '1s'],
  ['GATEWAY_OUTBOX_MAX_DELAY', '1h'],
  ['GATEWAY_OUTBOX_EXPIRY', '3d'],
  ['GATEWAY_OUTBOX_CONCURRENCY', '8'],
  ['GATEWAY_OUTBOX_MAX_CONCURRENCY', '256'],
  ['GATEWAY_LIMITS_RATE', 'off (development), 100/s (production)'],
  ['GATEWAY_LIMITS_NAMESPACE_RATE', 'off'],
  ['GATEWAY_LIMITS_FRAME_RATE', 'off (development), 1000/s (production)'],
  ['GATEWAY_QUOTAS_TASKS', 'off'],
  ['GATEWAY_QUOTAS_AGENTS', 'off'],
  ['GATEWAY_QUOTAS_STREAMS', 'off'],
  ['GATEWAY_AUDIT_RETENTION', '90d'],
  ['GATEWAY_AUDIT_TASKS', 'true'],
  ['GATEWAY_GRPC_PORT', 'off'],
  ['GATEWAY_GRPC_PUBLIC_ADDRESS', 'off'],
  ['GATEWAY_A2A_SIGNING_KEY', 'off'],
  ['GATEWAY_A2A_CARD_VERSION', 'both'],
  ['GATEWAY_A2A_STREAMING', 'true'],
  ['GATEWAY_A2A_PUSH_NOTIFICATIONS', 'true'],
  ['GATEWAY_A2A_REQUIRED_EXTENSIONS', 'none'],
  ['GATEWAY_COMPAT_ADK_LENIENT_CANCEL', 'false'],
  ['GATEWAY_METRICS_TOKEN', 'off'],
  ['GATEWAY_MQTT_HOST', '127.0.0.1'],
  ['GATEWAY_MQTT_PORT', 'off'],
  ['GATEWAY_MQTT_URL', 'off'],
  ['GATEWAY_UPSTREAM_URL', 'off'],
  ['GATEWAY_UPSTREAM_TOKEN', 'off'],
  ['GATEWAY_BUFFER_LIMIT', '512mb'],
  ['GATEWAY_BUFFER_RETENTION', '7d'],
  ['GATEWAY_LOG_LEVEL', 'info'],
  ['GATEWAY_LOG_FORMAT', 'pretty on a terminal, else json (development), json (production)'],
  ['GATEWAY_DOCS_ENABLED', 'true (development), false (production)'],
  ['GATEWAY_SHUTDOWN_TIMEOUT', '10s'],
];

describe('describeConfig', () => {
  it('has the names and defaults of the contract, and no others', () => {
    expect(describeConfig().map(({ variable, default: fallback }) => [variable, fallback])).toEqual(CONTRACT);
  });

  it('gives every setting a meaning, a check and names of its own', () => {
    const all = describeConfig();
    for (const { meaning, allowed } of all) expect([meaning, allowed]).not.toContain('');
    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
    expect(new Set(all.map(({ variable }) => variable)).size).toBe(all.length);
  });

  it('derives the variable from the key', () => {
    const strict = describeConfig().find(({ key }) => key === 'webhooks.strict_200');
    expect(strict).toMatchObject({ variable: 'GATEWAY_WEBHOOKS_STRICT_200', secret: false, available: true });
    expect(describeConfig().find(({ key }) => key === 'redis.url')).toMatchObject({
      secret: true,
      available: false,
    });
  });
});

describe('defaults', () => {
  it.each(PROFILES)('of %s pass the checks of given values', (profile) => {
    for (const { setting } of SETTINGS) {
      const given = setting.fallback[profile];
      if (typeof given === 'string') expect(() => setting.kind.schema.parse(given)).not.toThrow();
    }
  });
});

describe('the files in config/', () => {
  it.each(PROFILES)('say what %s does anyway', (profile) => {
    const env = { GATEWAY_PROFILE: profile, GATEWAY_AUTH_JWT_SECRET: 'x'.repeat(32) };
    const withFiles = loadConfig({ env, cwd: join(__dirname, '../..') });
    expect(withFiles).toEqual(loadConfig({ env, cwd: tmpdir() }));
    expect(withFiles).toBeInstanceOf(GatewayConfig);
  });
});
