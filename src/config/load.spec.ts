import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError } from './config.error.js';
import { GatewayConfig } from './gateway.config.js';
import { loadConfig } from './load.js';
import { SETTINGS } from './settings.js';
import { UNAVAILABLE } from './unavailable.js';

type Env = Record<string, string>;
const SECRET = 'a-shared-secret-of-more-than-32-bytes';
const JWKS = 'https://id.example.com/jwks.json';
const PRODUCTION = { GATEWAY_PROFILE: 'production', GATEWAY_AUTH_JWT_SECRET: SECRET };

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  writeFileSync(join(cwd, path), content);
}

const load = (env: Env = {}): GatewayConfig => loadConfig({ env, cwd });

/** The lines of the error that stops the start. */
function problems(env: Env = {}): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('precedence', () => {
  const port = (env: Env = {}): number => load(env).http.port;

  it('takes default.yaml, then the profile, then GATEWAY_CONFIG, then the environment', () => {
    expect(port()).toBe(8443);
    write('config/default.yaml', 'http: {port: 1}');
    expect(port()).toBe(1);
    write('config/development.yaml', 'http: {port: 2}');
    write('config/production.yaml', 'http: {port: 9}');
    expect(port()).toBe(2);
    write('own.yaml', 'http: {port: 3}');
    expect(port({ GATEWAY_CONFIG: 'own.yaml' })).toBe(3);
    expect(port({ GATEWAY_CONFIG: 'own.yaml', GATEWAY_HTTP_PORT: '4' })).toBe(4);
  });

  it('merges setting by setting', () => {
    write('config/default.yaml', 'http: {port: 1, host: localhost}\nbots:\nnode_id: one');
    write('config/development.yaml', 'http: {port: 2}');
    expect(load()).toMatchObject({
      nodeId: 'one',
      http: { port: 2, host: 'localhost' },
      bots: { port: 8080 },
    });
  });

  it('lets `off` undo what an earlier source set', () => {
    write('config/default.yaml', 'auth: {audience: me}');
    expect(load().auth.audience).toBe('me');
    expect(load({ GATEWAY_AUTH_AUDIENCE: 'off' }).auth.audience).toBeUndefined();
  });

  it.each([
    ['the environment', PRODUCTION],
    ['GATEWAY_CONFIG', { GATEWAY_CONFIG: 'own.yaml', GATEWAY_AUTH_JWT_SECRET: SECRET }],
  ])('takes the profile from %s', (_, env) => {
    write('own.yaml', 'profile: production');
    write('config/production.yaml', 'http: {port: 9}');
    expect(load(env)).toMatchObject({ profile: 'production', http: { port: 9, corsOrigins: [] } });
  });

  it('refuses a profile inside the file of a profile', () => {
    write('config/development.yaml', 'profile: production');
    expect(problems()).toEqual([
      'profile in config/development.yaml: allowed: in any other source, not here',
    ]);
  });

  it('reads YAML values as they are written', () => {
    write(
      'config/default.yaml',
      'auth: {issuer: 007, audience: "off-line"}\nhttp: {trust_proxy: [10.0.0.0/8]}',
    );
    expect(load()).toMatchObject({
      auth: { issuer: '007', audience: 'off-line' },
      http: { trustProxy: ['10.0.0.0/8'] },
    });
  });

  it('ignores variables of others', () => {
    expect(problems({ PATH: '/bin', GATEWAYS: '1', gateway_x: '1' })).toEqual([]);
  });
});

describe('GATEWAY_X_FILE', () => {
  it.each([`${SECRET}`, `${SECRET}\n`, `${SECRET}\r\n`])(
    'reads the value and strips one line end: %j',
    (content) => {
      write('secret', content);
      expect(load({ GATEWAY_AUTH_JWT_SECRET_FILE: 'secret' }).auth.jwtSecret).toBe(SECRET);
    },
  );

  it('strips one line end only', () => {
    write('secret', `${SECRET}\n\n`);
    expect(problems({ GATEWAY_AUTH_JWT_SECRET_FILE: 'secret' })).toHaveLength(1);
  });

  it('wins over the files', () => {
    write('config/default.yaml', 'http: {port: 1}');
    write('port', '5\n');
    expect(load({ GATEWAY_HTTP_PORT_FILE: 'port' }).http.port).toBe(5);
  });

  it.each([
    [{ GATEWAY_HTTP_PORT: '1', GATEWAY_HTTP_PORT_FILE: 'port' }],
    [{ GATEWAY_HTTP_PORT_FILE: 'port', GATEWAY_HTTP_PORT: '1' }],
  ])('is refused beside GATEWAY_X', (env) => {
    write('port', '5\n');
    expect(problems(env)).toEqual([
      'GATEWAY_HTTP_PORT: given twice, allowed: either GATEWAY_HTTP_PORT or GATEWAY_HTTP_PORT_FILE',
    ]);
  });

  it('names the variable, the file and the reason when it cannot be read', () => {
    expect(problems({ GATEWAY_HTTP_PORT_FILE: 'missing' })).toEqual([
      'GATEWAY_HTTP_PORT_FILE: got "missing", allowed: a readable file that holds the value (ENOENT)',
    ]);
  });
});

describe('secrets in the wrong place', () => {
  it('are not shown as the path of a file', () => {
    const [line] = problems({ GATEWAY_AUTH_JWT_SECRET_FILE: SECRET });
    expect(line).toBe(
      'GATEWAY_AUTH_JWT_SECRET_FILE: got a value that is not shown, allowed: a readable file that holds the value (ENOENT)',
    );
  });

  it('are not shown as part of a URL', () => {
    const [line] = problems({ GATEWAY_PUBLIC_URL: 'https://me:password@gw' });
    expect(line).toMatch('GATEWAY_PUBLIC_URL: got "https://…@gw", allowed: a URL');
  });
});

describe('defaults that follow from other settings', () => {
  it.each<[Env, string]>([
    [{}, 'http://127.0.0.1:8443'],
    [{ GATEWAY_HTTP_HOST: '::1', GATEWAY_HTTP_PORT: '1' }, 'http://[::1]:1'],
    [{ GATEWAY_PUBLIC_URL: 'https://gw.example.com/' }, 'https://gw.example.com'],
  ])('public URL with %j: %s', (env, expected) => {
    expect(load(env).publicUrl).toBe(expected);
  });

  it('node id: host name and port', () => {
    expect(load({ GATEWAY_HTTP_PORT: '1' }).nodeId).toBe(`${hostname()}:1`);
    expect(load({ GATEWAY_NODE_ID: 'n1' }).nodeId).toBe('n1');
  });

  it.each<[string, Env, string[]]>([
    ['a secret', { GATEWAY_AUTH_JWT_SECRET: SECRET }, ['HS256']],
    ['a JWKS URL', { GATEWAY_AUTH_JWKS_URL: JWKS }, ['RS256', 'ES256', 'EdDSA']],
    [
      'both',
      { GATEWAY_AUTH_JWT_SECRET: SECRET, GATEWAY_AUTH_JWKS_URL: JWKS },
      ['HS256', 'RS256', 'ES256', 'EdDSA'],
    ],
    ['neither', {}, []],
    ['both, one chosen', { GATEWAY_AUTH_JWKS_URL: JWKS, GATEWAY_AUTH_ALGORITHMS: 'EdDSA' }, ['EdDSA']],
  ])('algorithms with %s', (_, env, expected) => {
    expect(load(env).auth.algorithms).toEqual(expected);
  });

  it('an object made by hand has them too', () => {
    const made = new GatewayConfig({ http: load({ GATEWAY_HTTP_PORT: '1' }).http });
    expect(made).toMatchObject({
      profile: 'development',
      publicUrl: 'http://127.0.0.1:1',
      tasks: { timeout: 60_000 },
    });
  });

  it('production: closed', () => {
    expect(load(PRODUCTION)).toMatchObject({
      auth: { mode: 'jwt', algorithms: ['HS256'] },
      http: { corsOrigins: [] },
      webhooks: { allowedNetworks: [] },
      log: { format: 'json' },
      docs: { enabled: false },
    });
  });
});

describe('OAuth clients', () => {
  const hash = 'scrypt$16384$8$1$c2FsdHNhbHRzYWx0c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA==';
  const wire = [{ id: 'c1', secret_hash: hash, namespace: 'production', scope: 'read execute' }];
  const expected = [{ id: 'c1', secretHash: hash, namespace: 'production', scope: 'read execute' }];
  const clients = (value: unknown): Env => ({
    GATEWAY_AUTH_JWT_SECRET: SECRET,
    GATEWAY_AUTH_CLIENTS: JSON.stringify(value),
  });

  it('come from YAML, or as JSON from the variable', () => {
    expect(load(clients(wire)).auth.clients).toEqual(expected);
    write('config/default.yaml', `auth:\n  clients:\n    - ${JSON.stringify(wire[0])}`);
    expect(load({ GATEWAY_AUTH_JWT_SECRET: SECRET }).auth.clients).toEqual(expected);
  });

  it.each([
    ['an unknown right', [{ ...wire[0], scope: 'read wirte' }], 'GATEWAY_AUTH_CLIENTS[0].scope'],
    [
      'a secret instead of its hash',
      [{ ...wire[0], secret_hash: 'secret' }],
      'GATEWAY_AUTH_CLIENTS[0].secret_hash',
    ],
    ['an unknown field', [{ ...wire[0], secret: 'x' }], 'GATEWAY_AUTH_CLIENTS[0]'],
    ['a missing field', [{ id: 'c1' }], 'GATEWAY_AUTH_CLIENTS[0].secret_hash'],
    ['the same id twice', [wire[0], wire[0]], 'GATEWAY_AUTH_CLIENTS'],
    ['no list', { id: 'c1' }, 'GATEWAY_AUTH_CLIENTS'],
  ])('refuses %s without showing the hash', (_, value, name) => {
    const [line, ...more] = problems(clients(value));
    expect(line).toContain(`${name}: got a value that is not shown, allowed: a list of {id, secret_hash`);
    expect(line).not.toContain(hash);
    expect(more).toEqual([]);
  });

  it('refuses what is not JSON', () => {
    expect(problems({ GATEWAY_AUTH_CLIENTS: '{' })[0]).toMatch(
      /^GATEWAY_AUTH_CLIENTS: got a value that is not shown/,
    );
  });
});

describe('unknown names', () => {
  it.each<[string, string]>([
    ['GATEWAY_HTTP_PROT', 'did you mean GATEWAY_HTTP_PORT?'],
    ['GATEWAY_TASK_TIMEOUT', 'did you mean GATEWAY_TASKS_TIMEOUT?'],
    ['GATEWAY_AUTH_JWT_SECERT_FILE', 'did you mean GATEWAY_AUTH_JWT_SECRET_FILE?'],
    ['GATEWAY_CONFIG_FILE', 'did you mean GATEWAY_CONFIG?'],
    ['GATEWAY_HTTP_COMPRESSION', 'allowed: GATEWAY_HTTP_HOST, GATEWAY_HTTP_PORT, '],
    ['GATEWAY_SOMETHING_ELSE', 'allowed: the settings of the configuration table in README.md'],
    ['GATEWAY_', 'allowed: the settings of the configuration table in README.md'],
  ])('%s: %s', (variable, hint) => {
    const lines = problems({ [variable]: 'value-not-to-show' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${variable}: unknown setting, ${hint}`);
    expect(lines[0]).not.toContain('value-not-to-show');
  });

  it.each<[string, string]>([
    ['http: {prot: 1}', 'config/default.yaml: http.prot: unknown setting, did you mean http.port?'],
    ['htpp: {port: 1}', 'config/default.yaml: htpp.port: unknown setting, did you mean http.port?'],
    ['profle: production', 'config/default.yaml: profle: unknown setting, did you mean profile?'],
    [
      'sse: {compression: 1}',
      'config/default.yaml: sse.compression: unknown setting, allowed: sse.keepalive',
    ],
    ['__proto__: {x: 1}', 'config/default.yaml: __proto__.x: unknown setting, allowed: the settings of the'],
    ['"a\\nb": 1', 'config/default.yaml: "a\\nb": unknown setting, allowed: the settings of the'],
  ])('in a file: %s', (yaml, expected) => {
    write('config/default.yaml', yaml);
    expect(problems()).toEqual([expect.stringContaining(expected)]);
  });
});

describe('files that cannot be used', () => {
  it.each<[string, string]>([
    ['a: "x', 'config/default.yaml: is not valid YAML at line 1, column 6 (MISSING_CHAR)'],
    [
      'http:\n  port: 1\n  port: 2',
      'config/default.yaml: is not valid YAML at line 3, column 3 (DUPLICATE_KEY)',
    ],
    ['http: *x', 'config/default.yaml: is not valid YAML (an alias without its anchor, or too many aliases)'],
    ['- http', 'config/default.yaml: allowed: a mapping of settings'],
    ['http: 1', 'http in config/default.yaml: allowed: a mapping of settings'],
  ])('%j', (yaml, expected) => {
    write('config/default.yaml', yaml);
    expect(problems()).toEqual([expected]);
  });

  it.each(['', '# nothing\n', 'http:\n'])('an empty file is fine: %j', (yaml) => {
    write('config/default.yaml', yaml);
    expect(problems()).toEqual([]);
  });

  it.each([
    ['missing.yaml', 'ENOENT'],
    ['', 'EISDIR'],
  ])('GATEWAY_CONFIG=%s: %s', (path, reason) => {
    expect(problems({ GATEWAY_CONFIG: path })).toEqual([
      `GATEWAY_CONFIG: got "${path}", allowed: a readable YAML file (${reason})`,
    ]);
  });

  it('a preset that exists must be readable', () => {
    mkdirSync(join(cwd, 'config/default.yaml'), { recursive: true });
    expect(problems()).toEqual([
      'config/default.yaml: got "config/default.yaml", allowed: a readable YAML file (EISDIR)',
    ]);
  });
});

describe('wrong values', () => {
  it.each<[string, string, string]>([
    ['GATEWAY_PROFILE', 'prod', 'development or production'],
    ['GATEWAY_ROLE', 'centre', 'center or route or end'],
    ['GATEWAY_HTTP_PORT', '70000', 'a port number from 0 to 65535 (0: any free one)'],
    ['GATEWAY_HTTP_PORT', 'off', 'a port number from 0 to 65535 (0: any free one)'],
    ['GATEWAY_HTTP_PORT', '', 'a port number from 0 to 65535 (0: any free one)'],
    ['GATEWAY_HTTP_HOST', 'http://x', 'a host name or an IP address, without scheme, port or brackets'],
    ['GATEWAY_TASKS_WHEN_BUSY', 'wait', 'queue or reject'],
    ['GATEWAY_WEBHOOKS_STRICT_200', 'yes', 'true, false, on, off, 1 or 0'],
    ['GATEWAY_LIMITS_RATE', 'fast', 'N/s or N/m, such as 100/s; or off'],
    ['GATEWAY_AUTH_ALGORITHMS', 'none,HS256', 'a comma-separated list (or none); each entry: HS256 or'],
  ])('%s=%s', (variable, value, allowed) => {
    const lines = problems({ [variable]: value });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^${variable}(\\[0\\])?: got ${JSON.stringify(value)}, allowed: `));
    expect(lines[0]).toContain(allowed);
  });

  it('in a file: names key and file', () => {
    write('config/default.yaml', 'tasks: {max_attempts: many}');
    expect(problems()).toEqual([
      'tasks.max_attempts in config/default.yaml: got "many", allowed: a whole number from 1 to 1000',
    ]);
  });

  it('reports all at once, a line each', () => {
    const env = { GATEWAY_HTTP_PORT: 'x', GATEWAY_SSE_KEEPALIVE: '15 s', GATEWAY_NOPE: '1' };
    expect(problems(env)).toHaveLength(3);
    expect(() => load(env)).toThrow(/^(GATEWAY_[A-Z_]+: .+\n){2}GATEWAY_[A-Z_]+: .+$/);
  });

  it('never shows a secret', () => {
    const wrong = 'short-secret\u0007';
    const secrets = SETTINGS.filter(({ setting }) => setting.kind.secret === true);
    expect(secrets.map(({ key }) => key)).toEqual([
      'storage.url',
      'redis.url',
      'auth.jwt_secret',
      'auth.clients',
      'secrets.key',
      'metrics.token',
      'mqtt.url',
      'upstream.url',
      'upstream.token',
    ]);
    const lines = problems(Object.fromEntries(secrets.map(({ variable }) => [variable, wrong])));
    expect(lines).toHaveLength(secrets.length);
    expect(lines.join('\n')).not.toContain('short-secret');
  });
});

describe('what this version lacks', () => {
  it.each<[string, string]>([
    ['GATEWAY_ROLE', 'route'],
    ['GATEWAY_ROLE', 'end'],
    ['GATEWAY_STORAGE_URL', 'postgres://u:password@h/d'],
    ['GATEWAY_REDIS_URL', 'redis://:password@h'],
    ['GATEWAY_MQTT_PORT', '1883'],
    ['GATEWAY_MQTT_URL', 'mqtt://u:password@h'],
    ['GATEWAY_UPSTREAM_URL', 'https://parent'],
    ['GATEWAY_UPSTREAM_TOKEN', 'password'],
  ])('%s=%s stops the start', (variable, value) => {
    const lines = problems({ [variable]: value });
    expect(lines).toEqual([expect.stringMatching(`^${variable}: .+ is not available in this version$`)]);
    expect(lines[0]).not.toContain('password');
  });

  it.each<[string, string]>([
    ['GATEWAY_ROLE', 'center'],
    ['GATEWAY_STORAGE_URL', 'sqlite::memory:'],
    ['GATEWAY_LIMITS_RATE', '100/s'],
    ['GATEWAY_GRPC_PORT', 'off'],
    ['GATEWAY_MQTT_URL', 'off'],
    ['GATEWAY_AUTH_JWKS_URL', JWKS],
    ['GATEWAY_WEBHOOKS_TIMEOUT', '5s'],
    ['GATEWAY_MQTT_HOST', 'localhost'],
  ])('%s=%s does not', (variable, value) => {
    expect(problems({ [variable]: value })).toEqual([]);
  });

  it('a rate limit is there, by default in production', () => {
    expect(load().limits.rate).toBeUndefined();
    expect(load(PRODUCTION).limits.rate).toEqual({ requests: 100, windowMs: 1000 });
  });

  it('lists settings that exist', () => {
    const keys = SETTINGS.map(({ key }) => key);
    expect(Object.keys(UNAVAILABLE).filter((key) => !keys.includes(key))).toEqual([]);
  });
});

describe('a configuration that is logged', () => {
  it('hides its secrets', () => {
    const config = load({ GATEWAY_AUTH_JWT_SECRET: SECRET });
    for (const shown of [JSON.stringify(config), inspect(config, { depth: 5 })]) {
      expect(shown).not.toContain(SECRET);
      expect(shown).toContain('[hidden]');
      expect(shown).toContain('gateway-auth');
    }
  });
});
