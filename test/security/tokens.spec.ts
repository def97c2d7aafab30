import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { AUTH_ON, SECRET } from '../support/env.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aUuid } from '../support/matchers.js';
import { Orchestrator } from '../support/orchestrator.js';
import { rawHttp } from '../support/raw-http.js';
import { begin, closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { signed, tokenFor } from '../support/tokens.js';

/** Tokens at both doors; how the verifier judges each kind of token is in its own tests. */

let gateway: GatewayProcess;
let url: string;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_LOG_LEVEL: 'trace' } });
  url = gateway.httpUrl;
});
afterEach(() => closeAllBots());

const now = (): number => Math.floor(Date.now() / 1_000);
const claims = (more: object = {}): object => ({
  sub: 'tenant-001',
  namespace: 'production',
  exp: now() + 300,
  iss: 'gateway-auth',
  ...more,
});
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signed with a key of the attacker's own, which the header brings along. */
function embedded(): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = `${part({ alg: 'ES256', jwk: publicKey.export({ format: 'jwk' }) })}.${part(claims())}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const BAD: readonly (readonly [what: string, token: () => string])[] = [
  ['alg none', () => `${part({ alg: 'none' })}.${part(claims())}.`],
  ['alg None', () => `${part({ alg: 'None' })}.${part(claims())}.`],
  ['no signature', () => signed(claims()).replace(/[^.]*$/, '')],
  ['another secret', () => signed(claims(), 'another secret that is long enough!')],
  [
    'an empty secret',
    () =>
      `${part({ alg: 'HS256' })}.${part(claims())}.${createHmac('sha256', '')
        .update(`${part({ alg: 'HS256' })}.${part(claims())}`)
        .digest('base64url')}`,
  ],
  [
    'other claims under the signature',
    () => signed(claims()).replace(/\.[^.]*\./, `.${part(claims({ namespace: 'staging' }))}.`),
  ],
  ['its own key in the header', embedded],
  ['an unknown critical header', () => signed(claims(), SECRET, { alg: 'HS256', crit: ['x'], x: 1 })],
  [
    'a key address in the header',
    () => signed(claims(), SECRET, { alg: 'HS256', jku: 'http://127.0.0.1/keys' }),
  ],
  ['HS512', () => signed(claims(), SECRET, { alg: 'HS512' })],
  ['no exp', () => signed(claims({ exp: undefined }))],
  ['expired for more than the skew', () => signed(claims({ exp: now() - 120 }))],
  ['not valid yet', () => signed(claims({ nbf: now() + 3_600 }))],
  ['another issuer', () => signed(claims({ iss: 'evil' }))],
  ['no issuer', () => signed(claims({ iss: undefined }))],
  ['no subject', () => signed(claims({ sub: undefined }))],
  ['a namespace that is a list', () => signed(claims({ namespace: ['production'] }))],
  ['namespace *', () => signed(claims({ namespace: '*' }))],
  ['a namespace with a line feed', () => signed(claims({ namespace: 'a\nb' }))],
  ['a scope that is a number', () => signed(claims({ scope: 5 }))],
  ['no token at all', () => 'not-a-token'],
  ['megabytes of it', () => signed(claims({ pad: 'x'.repeat(10_000) }))],
];

describe.each(BAD)('a token with %s', (_, token) => {
  test('is refused by HTTP: 401', async () => {
    const { status, headers, text } = await new Orchestrator(url, token()).get('/agents');
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
    expect(text).not.toContain(token().slice(-20) || 'x');
  });

  test('is refused at the upgrade: 401, never 101', async () => {
    await expect(TestBot.connectOnly({ url: gateway.botUrl, name: 'x', token: token() })).rejects.toThrow(
      'HTTP 401',
    );
  });
});

describe('the upgrade', () => {
  const upgrade = (head: string): Promise<string> => {
    const { port } = new URL(gateway.botUrl);
    return rawHttp(
      Number(port),
      `${head}\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
  };

  test('without credentials: 401 and WWW-Authenticate as HTTP, never 101', async () => {
    const answer = await upgrade('GET /agent/register HTTP/1.1');
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(answer).toMatch(/\r\nwww-authenticate: Bearer\r\n/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual({
      error: 'Unauthorized',
      detail: 'Authorization: got nothing, allowed: Bearer <token>',
      code: 'UNAUTHENTICATED',
      request_id: aUuid,
    });
    expect(answer).not.toMatch(/^HTTP\S+ 101/);
  });

  test.each(['token', 'access_token'])(
    '?%s=… is refused, even where it would be good, and even beside a good header',
    async (name) => {
      const token = tokenFor('production');
      for (const header of ['', `\r\nauthorization: Bearer ${token}`]) {
        const answer = await upgrade(`GET /agent/register?${name}=${token} HTTP/1.1${header}`);
        expect(answer).toMatch(/^HTTP\/1\.1 400 /);
        expect(answer).not.toContain(token);
      }
      expect(gateway.output).not.toContain(token);
    },
  );

  test('a token that may only read registers nothing', async () => {
    const bot = TestBot.connect({
      url: gateway.botUrl,
      name: 'x',
      token: tokenFor('production', { scope: 'read' }),
    });
    await expect(bot).rejects.toThrow('-32012');
  });

  test('a token registers in its own namespace only, which is the default', async () => {
    const token = tokenFor('production');
    await expect(
      TestBot.connect({ url: gateway.botUrl, name: 'x', token, namespace: 'staging' }),
    ).rejects.toThrow('-32012');
    const bot = await TestBot.connect({ url: gateway.botUrl, name: 'x', token });
    expect(bot.welcome).toMatchObject({ namespace: 'production' });
  });
});

describe('tokens in the query string', () => {
  test.each([
    ['GET', '/agents'],
    ['GET', `/tasks/t-${'0'.repeat(32)}/stream`],
    ['POST', '/jsonrpc'],
    ['GET', '/health'],
    ['GET', '/.well-known/agent.json'],
  ])('%s %s: 400, and never in an answer or a log', async (method, path) => {
    const token = tokenFor('production');
    for (const name of ['access_token', 'token'])
      for (const authorization of [{}, { authorization: `Bearer ${token}` }]) {
        const { status, text, body } = await new Orchestrator(url).request(
          method,
          `${path}?${name}=${token}`,
          undefined,
          authorization,
        );
        expect([status, body['code']]).toEqual([400, 'INVALID']);
        expect(text).not.toContain(token);
      }
    expect(gateway.output).not.toContain(token);
  });
});

test('no credential of a whole test run is in the log', async () => {
  const token = tokenFor('production');
  const who = new Orchestrator(url, token);
  const bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'x',
    skills: ['work'],
    token,
    behaviour: silent,
  });
  await who.submit({ skill: 'work' });
  await who.get('/nothing');
  await who.post('/tasks', 'no JSON');
  await new Orchestrator(url, `${token}x`).get('/agents');
  await bot.close();
  expect(gateway.output).toContain('agent online'); // the log is there, and as talkative as it gets
  for (const secret of [token, token.split('.')[2]!, SECRET]) expect(gateway.output).not.toContain(secret);
});

describe('at the end of a token', () => {
  // The clocks of issuer and gateway are the same here, so that no skew is granted to a token that is still good.
  test('its streams end, and its bot is closed with 4401; the task goes on', async () => {
    const short = tokenFor('production', { exp: now() + 2 });
    const long = new Orchestrator(url, tokenFor('production'));
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'keeper',
      skills: ['keep'],
      token: tokenFor('production'),
      behaviour: begin,
    });
    const guest = await TestBot.connect({ url: gateway.botUrl, name: 'guest', token: short });
    const { task_id: id } = await long.submit({ skill: 'keep' });
    const stream = await new Orchestrator(url, short).stream(id);
    const other = await long.stream(id);
    await stream.until('running');
    await stream.toEnd(4_000);
    expect(Date.now() / 1_000).toBeGreaterThanOrEqual(now() - 1);
    expect(stream.names).toEqual(['queued', 'running']);
    expect((await guest.expectClose()).code).toBe(4401);
    expect([other.ended, bot.isOpen]).toEqual([undefined, true]);
    await bot.complete(id);
    expect((await other.toEnd()).at(-1)?.event).toBe('completed');
  });
});
