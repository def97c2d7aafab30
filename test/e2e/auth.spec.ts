import { randomBytes, scryptSync } from 'node:crypto';
import { GatewayProcess } from '../support/gateway-process.js';
import { AUTH_ON } from '../support/env.js';
import { aString, aTaskId, aUuid } from '../support/matchers.js';
import { Orchestrator, type Answer } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { signed, tokenFor } from '../support/tokens.js';

/** Auth on: who gets in, and what he sees (the full matrix is in test/security). */

/** A client whose secret is "right". */
const SALT = randomBytes(16);
const CLIENT = {
  id: 'robot',
  secret_hash: `scrypt$1024$8$1$${SALT.toString('base64')}$${scryptSync('right', SALT, 32, { N: 1_024 }).toString('base64')}`,
  namespace: 'production',
  scope: 'execute',
};

let gateway: GatewayProcess;
let production: Orchestrator;
let staging: Orchestrator;
let nobody: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start({
    env: { ...AUTH_ON, GATEWAY_AUTH_CLIENTS: JSON.stringify([CLIENT]) },
  });
  nobody = new Orchestrator(gateway.httpUrl);
  production = new Orchestrator(gateway.httpUrl, tokenFor('production'));
  staging = new Orchestrator(gateway.httpUrl, tokenFor('staging'));
});
afterEach(async () => {
  await production.cancelAll();
  await closeAllBots();
});

const aBot = (namespace: string, name = 'worker'): Promise<TestBot> =>
  TestBot.connect({
    url: gateway.botUrl,
    name,
    skills: ['work'],
    namespace,
    token: tokenFor(namespace),
    behaviour: silent,
  });

test.each([
  ['POST', '/tasks', '{"skill":"work","instruction":"x"}'],
  ['GET', `/tasks/t-${'0'.repeat(32)}`, undefined],
  ['GET', `/tasks/t-${'0'.repeat(32)}/stream`, undefined],
  ['POST', '/jsonrpc', '{"jsonrpc":"2.0","method":"agents/list","id":1}'],
  ['GET', '/agents', undefined],
])('B120: %s %s without a token: 401', async (method, path, body) => {
  const answer = await nobody.request(method, path, body);
  expect([answer.status, answer.headers.get('www-authenticate'), answer.body]).toEqual([
    401,
    'Bearer',
    {
      error: 'unauthenticated',
      detail: 'Authorization: got nothing, allowed: Bearer <token>',
      code: 'UNAUTHENTICATED',
      request_id: aUuid,
    },
  ]);
});

test('B121: the seed’s token with a time to come is accepted', async () => {
  const exp = Math.floor(Date.now() / 1_000) + 300;
  const token = signed({ sub: 'tenant-001', namespace: 'production', exp, iss: 'gateway-auth' });
  await aBot('production');
  const { body } = await new Orchestrator(gateway.httpUrl, token).post('/tasks', {
    skill: 'work',
    instruction: 'x',
  });
  expect(body).toEqual({ task_id: aTaskId, status: 'queued', assigned_agent: 'worker' });
});

test('B122: the seed’s token as it stands has expired: 401', async () => {
  const token = signed({
    sub: 'tenant-001',
    namespace: 'production',
    exp: 1_700_000_000,
    iss: 'gateway-auth',
  });
  const answer = await new Orchestrator(gateway.httpUrl, token).get('/agents');
  expect([answer.status, answer.body['detail']]).toEqual([401, 'token: expired']);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
});

test('B124: a namespace sees and reaches its own bots only', async () => {
  const bot = await aBot('staging');
  const answer = await production.post('/tasks', { skill: 'work', instruction: 'x' });
  expect([answer.status, answer.body['code']]).toEqual([503, 'NO_AGENT_AVAILABLE']);
  expect([bot.tasks, await production.agents()]).toEqual([[], []]);
  expect((await staging.agents()).map(({ name }) => name)).toEqual(['worker']);
});

test('B125: a foreign task does not exist, by any door', async () => {
  const bot = await aBot('production');
  const { task_id: id } = await production.submit({ skill: 'work' });
  const unknown = `t-${'0'.repeat(32)}`;
  for (const path of [`/tasks/${id}`, `/tasks/${id}/stream`])
    expect((await staging.get(path)).status).toBe(404);
  expect((await staging.cancel(id)).status).toBe(404);
  for (const method of ['tasks/get', 'tasks/cancel']) {
    const answers = [await staging.rpc(method, { id }), await staging.rpc(method, { id: unknown })];
    expect(answers[0]!.body['error']).toMatchObject({ code: -32001 });
    expect(answers[0]!.text).toBe(answers[1]!.text);
  }
  expect([await production.status(id), bot.canceled]).toEqual(['queued', []]);
});

test('a namespace that is not the token’s: 403, also for an agent of one’s own', async () => {
  await aBot('production');
  const answer = await production.post('/tasks', { skill: 'work', instruction: 'x', namespace: 'staging' });
  expect([answer.status, answer.body['code']]).toEqual([403, 'FORBIDDEN']);
  expect(
    (await production.post('/tasks', { skill: 'work', instruction: 'x', namespace: 'production' })).status,
  ).toBe(200);
});

test('a token without a namespace is of "default"', async () => {
  await aBot('default');
  const claims = { sub: 'x', exp: Math.floor(Date.now() / 1_000) + 60, iss: 'gateway-auth' };
  const caller = new Orchestrator(gateway.httpUrl, signed(claims));
  const { task_id: id } = await caller.submit({ skill: 'work' });
  expect(await caller.task(id)).toMatchObject({ namespace: 'default', assigned_agent: 'worker' });
});

test('an Idempotency-Key is of one namespace', async () => {
  await aBot('production');
  await aBot('staging');
  const key = { 'idempotency-key': 'same' };
  const [one, other] = [
    await production.submit({ skill: 'work' }, key),
    await staging.submit({ skill: 'work', instruction: 'another body' }, key),
  ];
  expect(one.task_id).not.toBe(other.task_id);
  expect((await production.submit({ skill: 'work' }, key)).task_id).toBe(one.task_id);
});

test('B128: health, cards and skill.md are public; no private namespace is on the card', async () => {
  await aBot('production');
  for (const path of [
    '/health',
    '/health/live',
    '/health/ready',
    '/.well-known/agent.json',
    '/.well-known/skill.md',
  ])
    expect([path, (await nobody.get(path)).status]).toEqual([path, 200]);
  expect((await nobody.get('/.well-known/agent.json')).body['skills']).toEqual([]);
  expect((await nobody.get('/.well-known/skill.md')).text).toContain('Bearer');
});

describe('POST /oauth/token (RFC 6749 §4.4)', () => {
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const basic = (id: string, secret: string): { readonly authorization: string } => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  const ask = (form: string, headers: Readonly<Record<string, string>>): Promise<Answer> =>
    nobody.request('POST', '/oauth/token', form, { ...FORM, ...headers });

  test('gives a client a token of its namespace and rights, which opens the other doors', async () => {
    await aBot('production');
    const { status, headers, body } = await ask('grant_type=client_credentials', basic('robot', 'right'));
    expect([status, headers.get('cache-control'), body]).toEqual([
      200,
      'no-store',
      { access_token: aString, token_type: 'Bearer', expires_in: 3_600, scope: 'execute' },
    ]);
    const robot = new Orchestrator(gateway.httpUrl, body['access_token'] as string);
    const { task_id: id } = await robot.submit({ skill: 'work' });
    expect(await production.status(id)).toBe('queued');
  });

  test('gives less on request, and never more', async () => {
    const less = await ask('grant_type=client_credentials&scope=read', basic('robot', 'right'));
    const reader = new Orchestrator(gateway.httpUrl, less.body['access_token'] as string);
    expect((await reader.get('/agents')).status).toBe(200);
    expect((await reader.post('/tasks', { skill: 'work', instruction: 'x' })).status).toBe(403);
    const more = await ask('grant_type=client_credentials&scope=admin', basic('robot', 'right'));
    expect([more.status, more.body['error']]).toEqual([400, 'invalid_scope']);
  });

  test.each([
    ['robot', 'wrong'],
    ['nobody', 'right'],
  ])('%s with the secret "%s": 401 in the words of the RFC', async (id, secret) => {
    const { status, headers, body } = await ask('grant_type=client_credentials', basic(id, secret));
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
    expect(headers.get('www-authenticate')).toMatch(/^Basic/);
    expect(gateway.output).not.toContain(secret === 'wrong' ? 'wrong' : basic(id, secret).authorization);
  });

  test('knows no other grant', async () => {
    const { status, body } = await ask('grant_type=password&username=a&password=b', basic('robot', 'right'));
    expect([status, body['error']]).toEqual([400, 'unsupported_grant_type']);
  });
});
