import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** API keys: who makes them, what they open, and that they open nothing any more once they are withdrawn. */

let gateway: GatewayProcess;
let admin: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: AUTH_ON });
  admin = new Orchestrator(gateway.httpUrl, tokenFor('production', { scope: 'admin' }));
});
afterEach(() => closeAllBots());

interface Key {
  readonly id: string;
  readonly key: string;
}
async function aKey(fields: Fields = {}): Promise<Key> {
  const { status, body } = await admin.post('/api-keys', { name: 'a key', ...fields });
  expect(status).toBe(200);
  return body as unknown as Key;
}
const caller = ({ key }: Pick<Key, 'key'>): Orchestrator => new Orchestrator(gateway.httpUrl, key);
const bot = (name: string, socket: object, more: object = {}): Promise<TestBot> =>
  TestBot.connect({
    url: gateway.botUrl,
    name,
    skills: ['work'],
    namespace: 'production',
    behaviour: silent,
    ...socket,
    ...more,
  });
const codes = (...answers: readonly Answer[]): unknown[] => answers.map(({ body }) => body['code']);

describe('a key of a caller', () => {
  test('is shown once, and only its hash is kept', async () => {
    const { id, key } = await aKey();
    expect(key).toMatch(/^agk_[0-9a-f]{16}_[\w-]{43}$/);
    const { text } = await admin.get('/api-keys');
    expect(text).toContain(id);
    expect(text).not.toContain(key.slice(-43));
    const db = new DatabaseSync(join(gateway.dataDir, 'gateway.db'), { readOnly: true });
    const stored = JSON.stringify(db.prepare('select * from api_keys where id = ?').all(id));
    db.close();
    expect(stored).toContain(id);
    expect(stored).not.toContain(key.slice(-43));
    expect(gateway.output).not.toContain(key.slice(-43));
  });

  test('opens the API as a bearer token and as X-API-Key, with its rights and in its namespace', async () => {
    const key = await aKey({ rights: ['read'] });
    const byHeader = new Orchestrator(gateway.httpUrl);
    const body = { skill: 'work', instruction: 'x', wait_for_agent: true };
    expect((await caller(key).get('/tasks')).status).toBe(200);
    expect((await byHeader.get('/tasks', { 'x-api-key': key.key })).status).toBe(200);
    expect(codes(await caller(key).post('/tasks', body))).toEqual(['FORBIDDEN']);
    const worker = caller(await aKey());
    expect((await worker.post('/tasks', body)).status).toBe(200);
    expect(codes(await worker.post('/tasks', { ...body, namespace: 'elsewhere' }))).toEqual(['FORBIDDEN']);
    expect(codes(await worker.get('/api-keys'))).toEqual(['FORBIDDEN']);
  });

  test('X-API-Key decides where both are given', async () => {
    const { key } = await aKey();
    const proxied = await new Orchestrator(gateway.httpUrl).get('/tasks', {
      'x-api-key': key,
      authorization: 'Basic cHJveHk6c2VjcmV0',
    });
    expect(proxied.status).toBe(200);
    expect((await admin.get('/tasks', { 'x-api-key': `${key}x` })).status).toBe(401);
  });

  test('unknown, cut, another’s secret, made up: 401 in the same words', async () => {
    const [one, other] = [await aKey(), await aKey()];
    const wrong = [
      `agk_${'0'.repeat(16)}_${'A'.repeat(43)}`,
      one.key.slice(0, -1),
      `agk_${one.id}_${other.key.slice(-43)}`,
      'agk_',
    ];
    const answers = await Promise.all(wrong.map((key) => caller({ key }).get('/tasks')));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    expect(new Set(answers.map(({ body }) => body['detail']))).toEqual(
      new Set(['API key: unknown or revoked']),
    );
    expect(answers[0]!.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  test('ends at its time', async () => {
    const key = await aKey({ expires_at: new Date(Date.now() + 4_000).toISOString() });
    const stream = async (): Promise<string> => {
      const { task_id } = await admin.submit({ skill: 'work', wait_for_agent: true });
      const reader = await caller(key).stream(task_id);
      return (await reader.toEnd(20_000)).map(({ event }) => event).join();
    };
    expect(await stream()).toBe('queued');
    expect((await caller(key).get('/tasks')).body).toMatchObject({
      code: 'UNAUTHENTICATED',
      detail: 'API key: expired',
    });
  });

  test('its last use is on record', async () => {
    const key = await aKey();
    await caller(key).get('/tasks');
    await eventually(async () => {
      const keys = (await admin.get('/api-keys')).body['api_keys'] as readonly Fields[];
      return keys.some(({ id, last_used_at: at }) => id === key.id && typeof at === 'string');
    });
  });
});

describe('a key of an agent', () => {
  test('registers that agent and no other, by either header', async () => {
    const { key } = await aKey({ agent: 'translator', rights: [] });
    await bot('translator', { token: key });
    await expect(bot('thief', { token: key })).rejects.toThrow('-32012');
    await closeAllBots();
    await bot('translator', { socket: { headers: { 'x-api-key': key } } });
    expect(codes(await caller({ key }).get('/agents'))).toEqual(['FORBIDDEN']);
  });

  test('in its namespace only', async () => {
    const { key } = await aKey({ agent: 'translator' });
    await expect(bot('translator', { token: key }, { namespace: 'elsewhere' })).rejects.toThrow('-32012');
  });

  test('the next key of the same agent takes its place and its tasks', async () => {
    const [first, second] = [await aKey({ agent: 'translator' }), await aKey({ agent: 'translator' })];
    const before = await bot('translator', { token: first.key });
    const { task_id } = await admin.submit({ skill: 'work' });
    await before.expectTask();
    const after = await bot('translator', { token: second.key });
    expect((await before.expectClose()).code).toBe(4409);
    await after.complete(task_id, { text: 'done' });
    expect((await admin.task(task_id))['status']).toBe('completed');
  });

  test('a wrong key: 401 at the upgrade, never 101', async () => {
    await expect(bot('x', { token: `agk_${'0'.repeat(16)}_${'A'.repeat(43)}` })).rejects.toThrow('HTTP 401');
  });
});

describe('withdrawn', () => {
  test('it opens nothing, at once and after a restart; its sockets and streams are closed', async () => {
    const { id, key } = await aKey({ agent: 'worker' });
    const open = await bot('worker', { token: key });
    const { task_id } = await admin.submit({ skill: 'nobody', wait_for_agent: true });
    const reader = await caller({ key }).stream(task_id);
    await reader.until('queued');
    expect((await admin.request('DELETE', `/api-keys/${id}`)).status).toBe(204);
    expect((await caller({ key }).get('/tasks')).status).toBe(401);
    expect((await open.expectClose()).code).toBe(4500);
    expect((await reader.toEnd()).map(({ event }) => event)).toEqual(['queued']);
    await gateway.restart();
    expect((await caller({ key }).get('/tasks')).status).toBe(401);
    await expect(bot('worker', { token: key })).rejects.toThrow('HTTP 401');
  });

  test('a second time: 404; the others go on, also after kill -9', async () => {
    const [gone, kept] = [await aKey(), await aKey()];
    expect((await admin.request('DELETE', `/api-keys/${gone.id}`)).status).toBe(204);
    expect((await admin.request('DELETE', `/api-keys/${gone.id}`)).status).toBe(404);
    await gateway.kill9();
    await gateway.restart();
    expect((await caller(kept).get('/tasks')).status).toBe(200);
    expect((await caller(gone).get('/tasks')).status).toBe(401);
  });
});

test.each([
  ['a name', {}],
  ['rights that exist', { name: 'x', rights: ['root'] }],
  ['something that it is good for', { name: 'x', rights: [] }],
  ['a time to come', { name: 'x', expires_at: '2001-01-01T00:00:00Z' }],
  ['a time with a zone', { name: 'x', expires_at: '2101-01-01T00:00:00' }],
  ['known fields', { name: 'x', agnet: 'translator' }],
  ['names without tricks', { name: 'x', agent: 'a\u202eb' }],
])('a new key needs %s', async (_, fields) => {
  expect(codes(await admin.post('/api-keys', fields))).toEqual(['INVALID']);
});
