import { Webhook } from 'standardwebhooks';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { Receiver } from '../support/receiver.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';

/** `callback_url` over real sockets, on a disk: what was acknowledged is told, whatever is killed. */

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PATIENT = { timeoutMs: 30_000 };
/** Starts gateways again and again. */
const LONG_MS = 180_000;
/** Retries soon, so that a test need not wait; what they do is the same. */
const QUICK = { GATEWAY_OUTBOX_FIRST_DELAY: '50ms', GATEWAY_OUTBOX_MAX_DELAY: '200ms' };

let gateway: GatewayProcess;
let http: Orchestrator;
let bot: TestBot;

const started = async (env: Readonly<Record<string, string>> = {}) => {
  gateway = await GatewayProcess.start({ env: { ...QUICK, ...env } });
  http = new Orchestrator(gateway.httpUrl);
  bot = await connected();
};
const connected = () =>
  TestBot.connect({ url: gateway.botUrl, name: 'worker', skills: ['work'], behaviour: silent });
const submit = (callback: string, fields: Fields = {}) =>
  http.submit({ skill: 'work', callback_url: callback, timeout_s: 600, ...fields });
const events = (receiver: Receiver, task?: string) =>
  receiver.got
    .filter(({ body }) => task === undefined || body['task_id'] === task)
    .map(({ body }) => body['event']);
const deliveries = async (query = '') =>
  (await http.get(`/deliveries${query}`)).body['deliveries'] as readonly Fields[];

afterEach(() => closeAllBots());

describe('a task with a callback_url', () => {
  beforeAll(() => started());
  beforeEach(async () => (bot = await connected()));

  it('tells every change of its state, in order, with the task as it was then', async () => {
    const receiver = await Receiver.start();
    const { task_id } = await submit(receiver.url('/tasks?of=me'));
    await bot.report(task_id, { status: 'running', pct: 40, message: 'half' });
    await bot.complete(task_id, { text: 'done' });
    await eventually(() => events(receiver).includes('completed'));
    expect(receiver.got).toHaveLength(2);
    const [first, last] = receiver.got;
    expect(first!.path).toBe('/tasks?of=me');
    expect(first!.headers['content-type']).toBe('application/json');
    expect(first!.body).toMatchObject({ task_id, sequence: 2, task: { task_id, status: 'running' } });
    expect(last!.body).toMatchObject({
      event: 'completed',
      task_id,
      artifact: { text: 'done' },
      task: { status: 'completed', artifact: { text: 'done' }, assigned_agent: 'worker' },
    });
    expect(Number(last!.body['sequence'])).toBeGreaterThan(2);
    expect(last!.headers['webhook-id']).not.toBe(first!.headers['webhook-id']);
    expect(last!.headers['webhook-signature']).toBeUndefined();
  });

  it('is counted', async () => {
    const receiver = await Receiver.start();
    const { task_id } = await submit(receiver.url());
    await bot.complete(task_id, {});
    await eventually(() => events(receiver).includes('completed'));
    await eventually(async () =>
      /^agent_gateway_delivery_tries_total\{kind="callback",outcome="delivered"\} [1-9]/m.test(
        (await http.get('/metrics')).text,
      ),
    );
    const { text } = await http.get('/metrics');
    for (const state of ['pending', 'waiting', 'dead'])
      expect(text).toMatch(new RegExp(`^agent_gateway_deliveries\\{state="${state}"\\} \\d+$`, 'm'));
  });

  it('signs by Standard Webhooks', async () => {
    const receiver = await Receiver.start();
    const { task_id } = await submit(receiver.url(), { callback_secret: SECRET });
    await bot.complete(task_id, {});
    await eventually(() => receiver.got.some(({ body }) => body['event'] === 'completed'));
    for (const { text, headers } of receiver.got)
      expect(new Webhook(SECRET).verify(text, headers as Record<string, string>)).toMatchObject({ task_id });
  });

  it('tells what the agent asks', async () => {
    const receiver = await Receiver.start();
    const { task_id } = await submit(receiver.url());
    await bot.report(task_id, { status: 'input_required', message: 'Which one?' });
    await bot.complete(task_id, { text: 'done' });
    await eventually(() => events(receiver).includes('completed'));
    expect(events(receiver)).toEqual(['input_required', 'completed']);
    expect(receiver.got[0]!.body['task']).toMatchObject({
      status: 'input_required',
      message: { role: 'agent', parts: [{ text: 'Which one?' }] },
    });
  });

  it('by JSON-RPC too', async () => {
    const receiver = await Receiver.start();
    const { body } = await http.rpc('tasks/send', {
      skill: 'work',
      instruction: 'x',
      callback_url: receiver.url(),
    });
    const { task_id } = body['result'] as { task_id: string };
    await http.rpc('tasks/cancel', { id: task_id });
    await eventually(() => events(receiver).includes('canceled'));
  });

  it('is told once for a submission that came fifty times', async () => {
    const receiver = await Receiver.start();
    const fields = { skill: 'work', instruction: 'x', callback_url: receiver.url() };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => http.request('POST', '/tasks', fields, { 'idempotency-key': 'k' })),
    );
    const ids = new Set(answers.map(({ body }) => body['task_id']));
    expect(ids.size).toBe(1);
    await http.request('POST', `/tasks/${String([...ids][0])}/cancel`);
    await eventually(() => events(receiver).includes('canceled'));
    expect(events(receiver)).toEqual(['canceled']);
    const other = { ...fields, callback_url: receiver.url('/other') };
    expect((await http.request('POST', '/tasks', other, { 'idempotency-key': 'k' })).status).toBe(409);
  });

  it.each(['ftp://x/y', 'nonsense', 'http://user:pass@127.0.0.1/', 'http://169.254.169.254/latest'])(
    '%s is refused, and no task is made',
    async (url) => {
      const before = (await http.get('/tasks')).text;
      const answer = await http.request('POST', '/tasks', {
        skill: 'work',
        instruction: 'x',
        callback_url: url,
      });
      expect([answer.status, answer.body['code']]).toEqual([400, 'INVALID']);
      expect(String(answer.body['detail'])).toContain('callback_url');
      expect((await http.get('/tasks')).text).toBe(before);
    },
  );

  it('an endpoint that is down gets everything once it is up, in order, each under one id', async () => {
    const receiver = await Receiver.start((_, count) => (count < 3 ? 503 : 200));
    await receiver.down();
    const { task_id } = await submit(receiver.url());
    await bot.report(task_id, { status: 'running' });
    await bot.complete(task_id, {});
    await eventually(async () => {
      const [oldest] = (await deliveries('?status=pending')).filter((one) => one['task_id'] === task_id);
      return Number(oldest?.['attempts']) >= 2;
    });
    await receiver.up();
    await eventually(() => events(receiver).includes('completed'), PATIENT);
    const ids = receiver.got.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids.slice(0, 3)).size).toBe(1); // two refused, the third taken
    expect(new Set(ids).size).toBe(2);
    expect(events(receiver).at(-1)).toBe('completed');
  });

  it('an endpoint that is gone (410) is told nothing more, and the rest is a dead letter', async () => {
    const receiver = await Receiver.start(() => 410);
    const { task_id } = await submit(receiver.url());
    await bot.complete(task_id, {});
    const dead = await eventually(async () => {
      const all = (await deliveries()).filter((one) => one['task_id'] === task_id);
      return all.length > 0 && all.every((one) => one['status'] === 'dead') ? all : undefined;
    });
    expect(receiver.got).toHaveLength(1);
    expect(dead.at(-1)).toMatchObject({ kind: 'callback', attempts: 1, error: 'status 410' });
  });

  it('an endpoint that asks for a pause gets it', async () => {
    const receiver = await Receiver.start((_, count) =>
      count === 1 ? { status: 429, headers: { 'retry-after': '2' } } : 200,
    );
    const { task_id } = await submit(receiver.url());
    await http.request('POST', `/tasks/${task_id}/cancel`);
    const [one] = await eventually(async () => {
      const all = (await deliveries()).filter((it) => it['task_id'] === task_id && it['attempts'] === 1);
      return all.length === 1 ? all : undefined;
    });
    const details = (await http.get(`/deliveries/${String(one!['delivery_id'])}`)).body;
    const [tried] = details['attempt_log'] as Fields[];
    const pause = Date.parse(String(details['due_at'])) - Date.parse(String(tried!['at']));
    expect(pause).toBeGreaterThanOrEqual(2_000);
    await eventually(() => receiver.got.length === 2);
  });

  it('a redirect is a failure, and nobody follows it', async () => {
    const elsewhere = await Receiver.start();
    const receiver = await Receiver.start((_, count) =>
      count === 1 ? { status: 307, headers: { location: elsewhere.url() } } : 200,
    );
    const { task_id } = await submit(receiver.url());
    await http.request('POST', `/tasks/${task_id}/cancel`);
    await eventually(() => receiver.got.length === 2);
    expect(elsewhere.got).toEqual([]);
  });
});

test('an endpoint that hangs does not slow another one', async () => {
  await started({ GATEWAY_WEBHOOKS_TIMEOUT: '5m', GATEWAY_OUTBOX_CONCURRENCY: '2' });
  const hanging = await Receiver.start(() => 'hang');
  const working = await Receiver.start();
  for (let i = 0; i < 10; i++) {
    const { task_id } = await submit(hanging.url());
    await http.request('POST', `/tasks/${task_id}/cancel`);
  }
  await eventually(() => hanging.got.length === 2);
  for (let i = 0; i < 10; i++) {
    const { task_id } = await submit(working.url());
    await http.request('POST', `/tasks/${task_id}/cancel`);
  }
  await eventually(() => working.got.length === 10);
  expect(hanging.got).toHaveLength(2);
});

test('what is dead can be looked at and started again; what was taken cannot', async () => {
  await started({ GATEWAY_OUTBOX_ATTEMPTS: '2' });
  const receiver = await Receiver.start(() => 500);
  const { task_id } = await submit(receiver.url(), { callback_secret: SECRET });
  await http.request('POST', `/tasks/${task_id}/cancel`);
  const [dead] = await eventually(async () => {
    const found = await deliveries('?status=dead&kind=callback');
    return found.length === 1 ? found : undefined;
  });
  const path = `/deliveries/${String(dead!['delivery_id'])}`;
  const { body, text } = await http.get(path);
  expect(body).toMatchObject({ url: receiver.url(), task_id, attempts: 2, error: 'status 500' });
  expect(body['attempt_log']).toHaveLength(2);
  expect(text).not.toContain(SECRET);
  receiver.reply = () => 200;
  expect((await http.request('POST', `${path}/redeliver`)).body).toMatchObject({ status: 'pending' });
  await eventually(async () => (await http.get(path)).body['status'] === 'delivered');
  expect((await http.request('POST', `${path}/redeliver`)).status).toBe(409);
  expect((await http.request('POST', '/deliveries/d-none/redeliver')).status).toBe(404);
  expect(receiver.got).toHaveLength(3);
});

describe('kill -9', () => {
  it('between the commit and the delivery loses nothing', async () => {
    await started();
    const receiver = await Receiver.start();
    await receiver.down();
    const { task_id } = await submit(receiver.url(), { callback_secret: SECRET });
    await bot.complete(task_id, { text: 'done' });
    await gateway.kill9();
    await receiver.up();
    await gateway.restart();
    await eventually(() => events(receiver).includes('completed'), PATIENT);
    expect(new Set(receiver.got.map(({ body }) => body['sequence'])).size).toBe(receiver.got.length);
    for (const { text, headers } of receiver.got)
      expect(new Webhook(SECRET).verify(text, headers as Record<string, string>)).toMatchObject({ task_id });
  });

  it('in the middle of a delivery repeats it under the same id', async () => {
    await started();
    const receiver = await Receiver.start((_, count) => (count === 1 ? 'hang' : 200));
    const { task_id } = await submit(receiver.url());
    await http.request('POST', `/tasks/${task_id}/cancel`);
    await eventually(() => receiver.got.length === 1);
    await gateway.kill9();
    await gateway.restart();
    await eventually(() => receiver.got.length === 2, PATIENT);
    const [first, second] = receiver.got;
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.text).toBe(first!.text);
  });

  it(
    'at any moment: every end of an acknowledged task is told, and nothing that was recorded as taken is told again',
    async () => {
      await started();
      const receiver = await Receiver.start();
      const acknowledged: string[] = [];
      for (let round = 0; round < 4; round++) {
        const working = await connected();
        const load = Array.from({ length: 8 }, async () => {
          const { task_id } = await submit(receiver.url());
          acknowledged.push(task_id);
          await working.complete(task_id, {}).catch(() => undefined);
        });
        await Promise.race(load).catch(() => undefined);
        const taken = (await deliveries('?status=delivered&limit=200')).map((one) => one['delivery_id']);
        await gateway.kill9();
        const before = receiver.got.length;
        await Promise.allSettled(load);
        await gateway.restart();
        await eventually(async () => (await deliveries('?status=pending')).length === 0, PATIENT);
        const later = receiver.got.slice(before).map(({ headers }) => headers['webhook-id']);
        expect(later.filter((id) => taken.includes(id))).toEqual([]);
      }
      // Who was cut off in the middle of his work is not waited for: the end of the task is what counts.
      for (const id of acknowledged) await http.request('POST', `/tasks/${id}/cancel`);
      for (const id of acknowledged) {
        const { status } = (await http.get(`/tasks/${id}`)).body;
        await eventually(() => events(receiver, id).includes(status), PATIENT);
      }
    },
    LONG_MS,
  );
});
