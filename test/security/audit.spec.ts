import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { QUIET_ROUTES } from '../../src/ops/audit/quiet-routes.js';
import { AUTH_ON, SECRET } from '../support/env.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aUuid } from '../support/matchers.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** The audit log: every change and every denial, of the own namespace only, and no change of it goes unnoticed. */

const CLI = join(__dirname, '../../dist/cli/main.js');
const ADMIN = 'token:gateway-auth:ops';
const scratch = mkdtempSync(join(tmpdir(), 'audit-'));
afterAll(() => rmSync(scratch, { recursive: true }));

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: AUTH_ON });
});
afterEach(() => closeAllBots());

const ops = (namespace: string): Orchestrator =>
  new Orchestrator(gateway.httpUrl, tokenFor(namespace, { sub: 'ops', scope: 'admin' }));
const reader = (namespace: string): Orchestrator =>
  new Orchestrator(gateway.httpUrl, tokenFor(namespace, { sub: 'bob', scope: 'read' }));
const A_TASK = { skill: 'later', instruction: 'x', wait_for_agent: true };

async function items(who: Orchestrator, query = ''): Promise<readonly Fields[]> {
  const { status, body } = await who.get(`/audit${query}`);
  expect(status).toBe(200);
  return body['items'] as readonly Fields[];
}
const brief = (found: readonly Fields[]): unknown[] =>
  found.map(({ actor, action, object, outcome }) => [actor, action, object, outcome]).reverse();

describe('what is recorded', () => {
  test('tasks, by whichever protocol, with the id of the request', async () => {
    const http = ops('tasks');
    const requestId = '6c1b0f0e-3b6e-4d0c-9a51-2f0f8d2f6b7e';
    const { task_id: one } = await http.submit(A_TASK, { 'x-request-id': requestId });
    const other = (await http.rpc('tasks/send', A_TASK)).body['result'] as { task_id: string };
    await http.cancel(one);
    await http.cancel(one); // 409: no change, no entry
    await http.rpc('tasks/cancel', { id: other.task_id });
    const found = await items(http);
    expect(brief(found)).toEqual([
      [ADMIN, 'task.submit', one, 'ok'],
      [ADMIN, 'task.submit', other.task_id, 'ok'],
      [ADMIN, 'task.cancel', one, 'ok'],
      [ADMIN, 'task.cancel', other.task_id, 'ok'],
    ]);
    expect(found.at(-1)).toEqual({
      namespace: 'tasks',
      seq: 1,
      at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      actor: ADMIN,
      credential: null,
      action: 'task.submit',
      object: one,
      outcome: 'ok',
      request_id: requestId,
      address: '127.0.0.1',
      detail: null,
      count: 1,
      hash: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
  });

  test('a repeat by its key is no second submission', async () => {
    const http = ops('repeats');
    for (let i = 0; i < 3; i++) await http.submit(A_TASK, { 'idempotency-key': 'k' });
    expect(brief(await items(http))).toHaveLength(1);
  });

  test('agents and keys; which key it was', async () => {
    const http = ops('agents');
    const { id, key } = (await http.post('/api-keys', { name: 'w', agent: 'worker' })).body as Record<
      string,
      string
    >;
    const options = {
      url: gateway.botUrl,
      name: 'worker',
      skills: ['work'],
      namespace: 'agents',
      behaviour: silent,
    };
    const bot = await TestBot.connect({ ...options, token: key! });
    await bot.register({ name: 'worker', skills: [] }, 'agents');
    await http.request('DELETE', `/api-keys/${id}`);
    const found = await items(http);
    expect(brief(found)).toEqual([
      [ADMIN, 'key.create', id, 'ok'],
      ['key:agent:worker', 'agent.register', 'worker', 'ok'],
      ['key:agent:worker', 'agent.change', 'worker', 'ok'],
      [ADMIN, 'key.revoke', id, 'ok'],
    ]);
    expect(found[1]).toMatchObject({ credential: id, request_id: aUuid, address: '127.0.0.1' });
  });

  test('denials: a right that is missing, by REST and JSON-RPC; another’s namespace; an agent', async () => {
    const [http, bob] = [ops('denials'), reader('denials')];
    const refused = await bob.post('/tasks', A_TASK);
    await bob.rpc('tasks/send', A_TASK);
    await http.post('/tasks', { ...A_TASK, namespace: 'elsewhere' });
    const token = tokenFor('denials', { sub: 'bot', scope: 'read' });
    const options = { url: gateway.botUrl, name: 'x', skills: ['x'], namespace: 'denials', token };
    await expect(TestBot.connect(options)).rejects.toThrow('-32012');
    const found = await items(http, '?outcome=denied');
    const BOB = 'token:gateway-auth:bob';
    expect(brief(found)).toEqual([
      [BOB, 'auth.authorize', 'POST /tasks', 'denied'],
      [BOB, 'auth.authorize', 'POST /jsonrpc', 'denied'],
      [ADMIN, 'auth.authorize', 'POST /tasks', 'denied'],
      ['token:gateway-auth:bot', 'auth.authorize', 'GET /agent/register', 'denied'],
    ]);
    expect(found.at(-1)).toMatchObject({
      request_id: refused.body['request_id'],
      detail: 'this credential lacks the right execute',
    });
  });

  test('what is of another namespace: for the operator, in no tenant’s log, for it would say that it exists', async () => {
    const { task_id } = await ops('foreign-owner').submit(A_TASK);
    const unknown = `t-${'0'.repeat(32)}`;
    for (const id of [task_id, unknown]) await reader('foreign').get(`/tasks/${id}`);
    expect(await items(ops('foreign'))).toEqual([]);
    expect(brief(await items(ops('foreign-owner')))).toEqual([[ADMIN, 'task.submit', task_id, 'ok']]);
    const db = new DatabaseSync(join(gateway.dataDir, 'gateway.db'), { readOnly: true });
    const seen = JSON.stringify(db.prepare(`select entries from audit_log where namespace = ''`).all());
    db.close();
    expect(seen).toContain(`it is of another namespace (GET /tasks/${task_id}, by namespace foreign)`);
    expect(seen).not.toContain(unknown);
  });

  test('what goes over a limit', async () => {
    const limited = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_LIMITS_RATE: '3/m' } });
    const bob = new Orchestrator(limited.httpUrl, tokenFor('n', { sub: 'bob', scope: 'read' }));
    for (let i = 0; i < 10; i++) await bob.get('/agents');
    const admin = new Orchestrator(limited.httpUrl, tokenFor('n', { sub: 'ops', scope: 'admin' }));
    const found = await items(admin, '?action=limits.rate');
    expect(brief(found).at(0)).toEqual(['token:gateway-auth:bob', 'limits.rate', 'GET /agents', 'denied']);
    expect(found.reduce((sum, { count }) => sum + Number(count), 0)).toBe(7);
  });
});

describe('reading', () => {
  test('pages, filters, JSON lines', async () => {
    const http = ops('reading');
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await http.submit(A_TASK)).task_id);
    await http.cancel(ids[0]!);
    const first = await http.get('/audit?limit=4');
    expect((first.body['items'] as readonly Fields[]).map(({ seq }) => seq)).toEqual([6, 5, 4, 3]);
    const second = await http.get(`/audit?limit=4&cursor=${String(first.body['next_cursor'])}`);
    expect((second.body['items'] as readonly Fields[]).map(({ seq }) => seq)).toEqual([2, 1]);
    expect(second.body['next_cursor']).toBeNull();
    expect(brief(await items(http, `?object=${ids[0]}&action=task.cancel`))).toHaveLength(1);
    expect(brief(await items(http, `?actor=${encodeURIComponent(ADMIN)}`))).toHaveLength(6);
    expect(brief(await items(http, '?from=2100-01-01T00:00:00Z'))).toEqual([]);
    const lines = await http.get('/audit/export');
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson');
    const seqs = lines.text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await http.get('/audit?action=task.cancel', { accept: 'application/x-ndjson' })).text).toContain(
      ids[0],
    );
  });

  test('admins only, and only their own', async () => {
    const secret = (await ops('owner').submit(A_TASK)).task_id;
    expect((await reader('owner').get('/audit')).status).toBe(403);
    expect((await reader('owner').get('/audit/export')).status).toBe(403);
    for (const path of ['/audit', '/audit/export', `/audit?object=${secret}`])
      expect((await ops('stranger').get(path)).text).not.toContain(secret);
  });
});

describe('verifying', () => {
  const cli = (...args: string[]) =>
    promisify(execFile)(process.execPath, [CLI, 'audit', ...args]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  /** A gateway with a log of its own; what `tamper` does to its file is done while it does not run. */
  async function aLog(): Promise<{ file: string; tamper: (sql: string) => void; http: Orchestrator }> {
    gateway = await GatewayProcess.start({ env: AUTH_ON });
    const http = ops('shop');
    for (let i = 0; i < 3; i++) await http.submit(A_TASK);
    await new Orchestrator(gateway.httpUrl).get('/agents'); // a stranger: of no namespace
    await http.get('/audit');
    const file = join(gateway.dataDir, 'gateway.db');
    const tamper = (sql: string): void => {
      const db = new DatabaseSync(file);
      db.exec('drop trigger audit_log_append_only');
      db.exec(sql);
      db.close();
    };
    return { file, tamper, http };
  }

  test('while the gateway runs, after kill -9 and after a clean stop; all logs, and every task has its entry', async () => {
    const { file, http } = await aLog();
    const { code, stdout } = await cli('verify', '--database', file);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^\(no namespace\): 1 .*verified.*\nshop: 3 entries, 1 to 3, verified/),
    ]);
    const submitted = Array.from({ length: 200 }, () => http.submit(A_TASK).catch(() => undefined));
    const acknowledged: string[] = [];
    const first = Promise.withResolvers<void>();
    for (const one of submitted)
      void one.then((ack) => {
        if (ack) acknowledged.push(ack.task_id);
        if (acknowledged.length > 20) first.resolve();
      });
    await first.promise;
    await gateway.kill9();
    await Promise.all(submitted);
    await gateway.restart();
    const { text } = await ops('shop').get('/audit/export');
    for (const id of acknowledged) expect(text).toContain(id);
    await gateway.terminate();
    expect((await cli('verify', '--database', file)).code).toBe(0);
  });

  test.each([
    [
      'changed',
      `update audit_log set entries = replace(entries, 'task.submit', 'task.cancel') where namespace = 'shop'`,
    ],
    ['removed', `delete from audit_log where namespace = 'shop' and first = 1`],
    ['renamed', `update audit_log set namespace = 'other' where namespace = 'shop'`],
  ])('an entry that was %s is found', async (_, sql) => {
    const { file, tamper } = await aLog();
    await gateway.terminate();
    tamper(sql);
    const { code, stdout, stderr } = await cli('verify', '--database', file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^(shop|other): entry \d+: /m);
    expect(stderr).toContain('not as it was written');
  });

  test('an anchor finds what was cut off, and a log that is gone', async () => {
    const { file, tamper } = await aLog();
    const anchor = join(scratch, 'anchor');
    const { stdout } = await cli('verify', '--database', file, '--json');
    writeFileSync(anchor, stdout);
    await gateway.terminate();
    expect((await cli('verify', '--database', file, '--anchor', anchor)).code).toBe(0);
    tamper(
      `delete from audit_log where namespace = 'shop' and seq = (select max(seq) from audit_log where namespace = 'shop')`,
    );
    expect((await cli('verify', '--database', file)).code).toBe(0);
    expect((await cli('verify', '--database', file, '--anchor', anchor)).stdout).toMatch(/shop: .*cut off/);
    const db = new DatabaseSync(file);
    db.exec(`delete from audit_log where namespace = ''; delete from audit_chains where namespace = ''`);
    db.close();
    expect((await cli('verify', '--database', file, '--anchor', anchor)).stdout).toMatch(
      /the whole log is missing/,
    );
  });

  test('an export, by list and export of the command line', async () => {
    const { http } = await aLog();
    const env = {
      AGENT_GATEWAY_URL: gateway.httpUrl,
      AGENT_GATEWAY_TOKEN: tokenFor('shop', { sub: 'ops', scope: 'admin' }),
    };
    const run = async (...args: string[]): Promise<string> =>
      (
        await promisify(execFile)(process.execPath, [CLI, 'audit', ...args], {
          env: { ...process.env, ...env },
        })
      ).stdout;
    expect(await run('list', '--limit', '1')).toMatch(/token:gateway-auth:ops +ok +task\.submit +t-/);
    const lines = await run('export');
    expect(lines).toBe((await http.get('/audit/export')).text);
    const file = join(scratch, 'export');
    writeFileSync(file, lines);
    expect(await run('verify', file)).toMatch(/^shop: 3 entries, 1 to 3, verified/);
    writeFileSync(file, lines.replace('"outcome":"ok"', '"outcome":"denied"'));
    expect(await cli('verify', file)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('shop: entry 1') as string,
    });
    const all = await run('export', '--database', join(gateway.dataDir, 'gateway.db'));
    expect(all).toContain('"namespace":null');
    expect(all).toContain(lines.split('\n')[0]);
  });
});

test('with auth off there is one log, and everybody reads it', async () => {
  const open = await GatewayProcess.start();
  const http = new Orchestrator(open.httpUrl);
  const { task_id } = await http.submit({ ...A_TASK, namespace: 'anything' });
  expect(brief(await items(http))).toEqual([['anonymous', 'task.submit', task_id, 'ok']]);
});

test('without entries for tasks the rest is recorded all the same', async () => {
  gateway = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_AUDIT_TASKS: 'false' } });
  const http = ops('shop');
  await http.cancel((await http.submit(A_TASK)).task_id);
  await http.post('/api-keys', { name: 'k' });
  expect(brief(await items(http)).map((entry) => (entry as string[])[1])).toEqual(['key.create']);
});

test('nothing secret is in it', async () => {
  gateway = await GatewayProcess.start({ env: AUTH_ON });
  const http = ops('shop');
  const { key } = (await http.post('/api-keys', { name: 'k' })).body as { key: string };
  const wrong = new Orchestrator(gateway.httpUrl, `${key.slice(0, -2)}xx`);
  await wrong.get('/agents?token=top-secret');
  await wrong.get('/agents');
  await http.get('/audit');
  const db = new DatabaseSync(join(gateway.dataDir, 'gateway.db'), { readOnly: true });
  const all = JSON.stringify(db.prepare('select entries from audit_log').all());
  db.close();
  expect(all).toContain('auth.authenticate');
  for (const secret of [key.slice(-43, -2), SECRET, 'top-secret']) expect(all).not.toContain(secret);
});

test('every quiet route is a route', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, '../support/routes.mjs')]);
  const served = new Set(JSON.parse(stdout) as string[]);
  expect([...QUIET_ROUTES].filter((route) => !served.has(route))).toEqual([]);
});
