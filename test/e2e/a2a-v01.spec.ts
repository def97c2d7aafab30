import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** A2A 0.1 at /a2a: ids made by the client, sessions, parts with `type`. */

let gateway: GatewayProcess;
let http: Orchestrator;
beforeAll(async () => {
  gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
  await eventually(async () => (await http.agents()).length === 0);
});

const aBot = (more: Partial<TestBotOptions> = {}): Promise<TestBot> =>
  TestBot.connect({ url: gateway.botUrl, name: 'nanobot', skills: ['summarize'], ...more });

interface Envelope {
  readonly result?: Fields;
  readonly error?: { readonly code: number; readonly message: string };
}
const call = async (method: string, params: unknown): Promise<Envelope> =>
  (await http.post('/a2a', { jsonrpc: '2.0', id: 1, method, params })).body;
const send = (id: string, more: Fields = {}): Fields => ({
  id,
  sessionId: 'session-1',
  message: { role: 'user', parts: [{ type: 'text', text: 'Hello!' }] },
  ...more,
});
const events = (text: string): Fields[] =>
  [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => (JSON.parse(data!) as { result: Fields }).result);

test('tasks/send is answered with the finished task, under the client’s own id', async () => {
  const bot = await aBot();
  const id = randomUUID();
  const { result } = await call('tasks/send', send(id));
  expect(result).toMatchObject({
    id,
    sessionId: 'session-1',
    status: { state: 'completed' },
    artifacts: [{ parts: [{ type: 'text', text: 'Hello!' }], index: 0 }],
  });
  expect(JSON.stringify(result)).not.toContain('"kind"');
  expect((await call('tasks/get', { id })).result).toMatchObject({
    id,
    sessionId: 'session-1',
    status: { state: 'completed' },
  });
  // The same call again is the same task.
  expect((await call('tasks/send', send(id))).result).toMatchObject({ id, status: { state: 'completed' } });
  expect(bot.tasks).toHaveLength(1);
});

test('tasks/sendSubscribe streams status and artifacts; its last event is final', async () => {
  await aBot();
  const id = randomUUID();
  const body = { jsonrpc: '2.0', id: 1, method: 'tasks/sendSubscribe', params: send(id) };
  const { text, headers } = await http.post('/a2a', body);
  expect(headers.get('content-type')).toMatch(/^text\/event-stream/);
  const all = events(text);
  expect(all.every((event) => event['id'] === id)).toBe(true);
  expect(all[0]).toMatchObject({ status: { state: 'submitted' }, final: false });
  expect(all.filter((event) => 'artifact' in event)).toMatchObject([
    { artifact: { parts: [{ type: 'text', text: 'Hello!' }], index: 0, append: false, lastChunk: true } },
  ]);
  expect(all.at(-1)).toMatchObject({ status: { state: 'completed' }, final: true });
});

test('a question is answered by tasks/send with the same id; cancel ends it; a restart forgets nothing', async () => {
  const bot = await aBot({ behaviour: silent, reconnect: true });
  const id = randomUUID();
  const asked = call('tasks/send', send(id));
  const own = await bot.expectTask();
  await bot.report(own.id, { status: 'input_required', message: 'Which language?' });
  expect((await asked).result).toMatchObject({
    id,
    status: {
      state: 'input-required',
      message: { role: 'agent', parts: [{ type: 'text', text: 'Which language?' }] },
    },
  });
  await gateway.restart();
  await eventually(async () => (await http.agents()).length === 1);
  const answered = call(
    'tasks/send',
    send(id, { message: { role: 'user', parts: [{ type: 'text', text: 'French' }] } }),
  );
  await bot.until(() => bot.tasks.length === 2);
  expect(bot.tasks[1]).toMatchObject({ id: own.id, text: 'French' });
  expect((await call('tasks/cancel', { id })).result).toMatchObject({ id, status: { state: 'canceled' } });
  expect((await answered).result).toMatchObject({ id, status: { state: 'canceled' } });
});

test('wrong calls are refused by field; ids that nobody has made are unknown', async () => {
  await aBot();
  expect((await call('tasks/send', send(''))).error).toMatchObject({
    code: -32602,
    message: expect.stringContaining('params.id: got ""') as string,
  });
  expect((await call('tasks/send', { id: 'x' })).error).toMatchObject({
    code: -32602,
    message: expect.stringContaining('params.message') as string,
  });
  expect((await call('tasks/send', send('y', { message: { role: 'user', parts: [] } }))).error?.code).toBe(
    -32602,
  );
  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/resubscribe', 'tasks/pushNotification/get'])
    expect([method, (await call(method, { id: 'nobody-made-this' })).error?.code]).toEqual([method, -32001]);
});

test('push notifications are set and read by the client’s id', async () => {
  const bot = await aBot({ behaviour: silent });
  const id = randomUUID();
  const sent = call('tasks/send', send(id));
  await bot.expectTask();
  const config = { url: 'http://127.0.0.1:9/hook', token: 'secret' };
  const set = await call('tasks/pushNotification/set', { id, pushNotificationConfig: config });
  expect(set.result).toMatchObject({ id, pushNotificationConfig: { url: config.url } });
  expect((await call('tasks/pushNotification/get', { id })).result).toMatchObject({
    id,
    pushNotificationConfig: { url: config.url },
  });
  await bot.complete((await bot.expectTask()).id);
  expect((await sent).result).toMatchObject({ status: { state: 'completed' } });
});
