import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { Receiver } from '../support/receiver.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';

/** Push notification configs of A2A 1.0 and 0.3 over JSON-RPC, and what their receivers get. */

const V1 = { 'a2a-version': '1.0' };
const NOT_FOUND = -32001;
const INVALID = -32602;
const CREDENTIALS = { scheme: 'Bearer', credentials: 'push-credentials' };
const TOKEN = 'push-token';
const PATIENT = { timeoutMs: 20_000 };
/** Retries soon, so that a test need not wait; what they do is the same. */
const QUICK = { GATEWAY_OUTBOX_FIRST_DELAY: '50ms', GATEWAY_OUTBOX_MAX_DELAY: '200ms' };

let gateway: GatewayProcess;
let http: Orchestrator;
let bot: TestBot;

const start = async (env: Readonly<Record<string, string>> = {}) => {
  gateway = await GatewayProcess.start({ env: { ...QUICK, ...env } });
  http = new Orchestrator(gateway.httpUrl);
};
const aBot = async () => {
  bot = await TestBot.connect({ url: gateway.botUrl, name: 'worker', skills: ['work'], behaviour: silent });
};

interface Envelope {
  readonly result?: Fields | null;
  readonly error?: { readonly code: number; readonly message: string };
}
async function rpc(method: string, params: unknown, headers: Readonly<Record<string, string>> = {}) {
  const body = { jsonrpc: '2.0', method, params, id: 1 };
  return JSON.parse((await http.request('POST', '/a2a', body, headers)).text) as Envelope;
}
const v1 = async (method: string, params: unknown) => rpc(method, params, V1);

const message = (more: Fields = {}) => ({
  role: 'ROLE_USER',
  messageId: randomUUID(),
  parts: [{ text: 'work' }],
  ...more,
});
/** A task that its agent works on. */
const submit = async (configuration: Fields = {}) => {
  const params = { message: message(), configuration: { returnImmediately: true, ...configuration } };
  const { result } = await v1('SendMessage', params);
  const { id } = result!['task'] as { id: string };
  await bot.report(id, { status: 'running' });
  return id;
};
const statesIn10 = ({ got }: Receiver) =>
  got.map(({ body }) => (body['statusUpdate'] as { status: { state: string } }).status.state);

afterEach(() => closeAllBots());

describe('configs', () => {
  beforeAll(() => start());
  beforeEach(aBot);

  it('V014: are made, read, listed and deleted in 1.0; secrets are never shown', async () => {
    const taskId = await submit();
    const config = { taskId, url: 'http://127.0.0.1:9/hook', token: TOKEN, authentication: CREDENTIALS };
    const { result: made } = await v1('CreateTaskPushNotificationConfig', config);
    const shown = {
      id: made!['id'],
      taskId,
      url: config.url,
      authentication: { scheme: 'Bearer' },
    };
    expect(made).toEqual(shown);
    expect(made!['id']).toEqual(expect.stringMatching(/.+/));
    const key = { taskId, id: made!['id'] };
    expect((await v1('GetTaskPushNotificationConfig', key)).result).toEqual(shown);
    const spelt = { task_id: taskId, id: made!['id'] };
    expect((await v1('GetTaskPushNotificationConfig', spelt)).result).toEqual(shown);
    expect((await v1('ListTaskPushNotificationConfigs', { taskId })).result).toEqual({ configs: [shown] });
    expect((await v1('DeleteTaskPushNotificationConfig', key)).result).toBeNull();
    expect((await v1('DeleteTaskPushNotificationConfig', key)).result).toBeNull();
    expect((await v1('GetTaskPushNotificationConfig', key)).error?.code).toBe(NOT_FOUND);
    expect((await v1('ListTaskPushNotificationConfigs', { taskId })).result).toEqual({});
  });

  it('are made, read, listed and deleted in 0.3', async () => {
    const taskId = await submit();
    const given = {
      id: 'mine',
      url: 'http://127.0.0.1:9/hook',
      token: TOKEN,
      authentication: { schemes: ['Bearer'], credentials: CREDENTIALS.credentials },
    };
    const shown = {
      taskId,
      pushNotificationConfig: { id: 'mine', url: given.url, authentication: { schemes: ['Bearer'] } },
    };
    const set = { taskId, pushNotificationConfig: given };
    expect((await rpc('tasks/pushNotificationConfig/set', set)).result).toEqual(shown);
    expect((await rpc('tasks/pushNotificationConfig/get', { id: taskId })).result).toEqual(shown);
    const key = { id: taskId, pushNotificationConfigId: 'mine' };
    expect((await rpc('tasks/pushNotificationConfig/get', key)).result).toEqual(shown);
    expect((await rpc('tasks/pushNotificationConfig/list', { id: taskId })).result).toEqual([shown]);
    expect((await rpc('tasks/pushNotificationConfig/delete', key)).result).toBeNull();
    expect((await rpc('tasks/pushNotificationConfig/list', { id: taskId })).result).toEqual([]);
    for (const url of ['http://127.0.0.1:9/a', 'http://127.0.0.1:9/b'])
      await rpc('tasks/pushNotificationConfig/set', { taskId, pushNotificationConfig: { url } });
    const only = { pushNotificationConfig: { id: 'default', url: 'http://127.0.0.1:9/b' } };
    expect((await rpc('tasks/pushNotificationConfig/list', { id: taskId })).result).toMatchObject([only]);
    expect((await rpc('tasks/pushNotificationConfig/get', key)).error?.code).toBe(NOT_FOUND);
  });

  it('of a task that is not there are not there', async () => {
    const taskId = `t-${'0'.repeat(32)}`;
    const url = 'http://127.0.0.1:9/';
    for (const [method, params] of [
      ['CreateTaskPushNotificationConfig', { taskId, url }],
      ['GetTaskPushNotificationConfig', { taskId, id: 'x' }],
      ['ListTaskPushNotificationConfigs', { taskId }],
      ['DeleteTaskPushNotificationConfig', { taskId, id: 'x' }],
    ] as const)
      expect([method, (await v1(method, params)).error?.code]).toEqual([method, NOT_FOUND]);
  });

  it.each([
    ['url', { url: 'http://169.254.169.254/latest' }],
    ['url', { url: 'ftp://x' }],
    ['url', { url: 'nonsense' }],
    ['token', { url: 'http://127.0.0.1:9/', token: 'a\r\nb: c' }],
    ['authentication.credentials', { authentication: { scheme: 'Bearer', credentials: 'a\nb' } }],
    ['authentication.scheme', { authentication: { scheme: 'Be arer', credentials: 'x' } }],
  ])('with a wrong %s are refused by name, also inline', async (field, wrong) => {
    const taskId = await submit();
    const config = { url: 'http://127.0.0.1:9/', ...wrong };
    const { error } = await v1('CreateTaskPushNotificationConfig', { taskId, ...config });
    expect(error).toMatchObject({ code: INVALID, message: expect.stringContaining(field) as unknown });
    const inline = await v1('SendMessage', {
      message: message(),
      configuration: { taskPushNotificationConfig: config },
    });
    expect(inline.error?.code).toBe(INVALID);
    expect((await v1('ListTaskPushNotificationConfigs', { taskId })).result).toEqual({});
  });
});

describe('receivers', () => {
  beforeAll(() => start());
  beforeEach(aBot);

  it('V015: of 1.0 get every change of the state as a StreamResponse, with credentials and token', async () => {
    const receiver = await Receiver.start();
    const taskPushNotificationConfig = { url: receiver.url(), token: TOKEN, authentication: CREDENTIALS };
    const taskId = await submit({ taskPushNotificationConfig });
    await bot.report(taskId, { status: 'running', pct: 50 });
    await bot.report(taskId, { status: 'input_required', message: 'Which one?' });
    await eventually(() => receiver.got.length === 2);
    await v1('SendMessage', {
      message: message({ taskId }),
      configuration: { returnImmediately: true },
    });
    await bot.complete(taskId, { text: 'done' });
    await eventually(() => statesIn10(receiver).includes('TASK_STATE_COMPLETED'));
    expect(statesIn10(receiver)).toEqual([
      'TASK_STATE_WORKING',
      'TASK_STATE_INPUT_REQUIRED',
      'TASK_STATE_SUBMITTED',
      'TASK_STATE_WORKING',
      'TASK_STATE_COMPLETED',
    ]);
    for (const { headers, body } of receiver.got) {
      expect(headers['content-type']).toBe('application/a2a+json');
      expect(headers['authorization']).toBe('Bearer push-credentials');
      expect(headers['x-a2a-notification-token']).toBe(TOKEN);
      expect(body['statusUpdate']).toMatchObject({ taskId });
    }
    expect(JSON.stringify(receiver.got[1]!.body)).toContain('Which one?');
  });

  it('of 0.3 get the whole task as it was then', async () => {
    const receiver = await Receiver.start();
    const taskId = await submit();
    const pushNotificationConfig = { url: receiver.url(), token: TOKEN };
    await rpc('tasks/pushNotificationConfig/set', { taskId, pushNotificationConfig });
    await bot.report(taskId, { status: 'input_required', message: 'Which one?' });
    await v1('SendMessage', { message: message({ taskId }), configuration: { returnImmediately: true } });
    await bot.complete(taskId, { text: 'done' });
    const stateOf = ({ body }: { body: Fields }) => (body['status'] as { state: string }).state;
    await eventually(() => receiver.got.some((one) => stateOf(one) === 'completed'));
    const [first] = receiver.got;
    expect(receiver.got.map(stateOf)).toEqual(['input-required', 'submitted', 'working', 'completed']);
    expect(first!.headers).toMatchObject({
      'content-type': 'application/json',
      'x-a2a-notification-token': TOKEN,
    });
    expect(first!.headers['authorization']).toBeUndefined();
    expect(first!.body).toMatchObject({
      kind: 'task',
      id: taskId,
      history: [{ role: 'user' }, { role: 'agent' }],
    });
    expect(receiver.got.at(-1)!.body).toMatchObject({
      artifacts: [{ parts: [{ kind: 'text', text: 'done' }] }],
      history: [{ role: 'user' }, { role: 'agent' }, { role: 'user' }],
    });
  });

  it('of a config that comes after the end get the end', async () => {
    const receiver = await Receiver.start();
    const taskId = await submit();
    await bot.complete(taskId, {});
    await v1('CreateTaskPushNotificationConfig', { taskId, url: receiver.url() });
    await eventually(() => receiver.got.length === 1);
    expect(statesIn10(receiver)).toEqual(['TASK_STATE_COMPLETED']);
  });

  it('of a config that comes with a repeated message get the end of its task', async () => {
    const receiver = await Receiver.start();
    const sent = { message: message(), configuration: { returnImmediately: true } };
    const { id } = (await v1('SendMessage', sent)).result!['task'] as { id: string };
    await bot.report(id, { status: 'running' });
    await bot.complete(id, {});
    const taskPushNotificationConfig = { id: 'mine', url: receiver.url() };
    for (let times = 1; times <= 2; times++) {
      const again = await v1('SendMessage', { ...sent, configuration: { taskPushNotificationConfig } });
      expect(again.result).toMatchObject({ task: { id } });
      await eventually(() => receiver.got.length === times);
    }
    expect(statesIn10(receiver)).toEqual(['TASK_STATE_COMPLETED', 'TASK_STATE_COMPLETED']);
  });

  it('of a deleted config get nothing more, not even what is on its way', async () => {
    const receiver = await Receiver.start();
    await receiver.down();
    const other = await Receiver.start();
    const taskId = await submit({ taskPushNotificationConfig: { id: 'mine', url: receiver.url() } });
    await v1('CreateTaskPushNotificationConfig', { taskId, url: other.url() });
    await v1('DeleteTaskPushNotificationConfig', { taskId, id: 'mine' });
    await receiver.up();
    await bot.complete(taskId, {});
    await eventually(() => other.got.length === 1);
    expect(receiver.got).toEqual([]);
    const { deliveries } = (await http.get('/deliveries?kind=push&status=pending')).body;
    expect(deliveries).toEqual([]);
  });

  it('of a config that is replaced get what it says now', async () => {
    const [before, after] = [await Receiver.start(), await Receiver.start()];
    const taskId = await submit();
    await v1('CreateTaskPushNotificationConfig', { taskId, id: 'mine', url: before.url() });
    await v1('CreateTaskPushNotificationConfig', { taskId, id: 'mine', url: after.url(), token: TOKEN });
    await bot.complete(taskId, {});
    await eventually(() => after.got.length === 1);
    expect(after.got[0]!.headers['x-a2a-notification-token']).toBe(TOKEN);
    expect(before.got).toEqual([]);
  });
});

test('kill -9: a config and what it is owed are still there, its secrets too', async () => {
  await start();
  await aBot();
  const receiver = await Receiver.start();
  await receiver.down();
  const config = { url: receiver.url(), token: TOKEN, authentication: CREDENTIALS };
  const taskId = await submit({ taskPushNotificationConfig: config });
  await bot.complete(taskId, {});
  await gateway.kill9();
  await receiver.up();
  await gateway.restart();
  await eventually(() => statesIn10(receiver).includes('TASK_STATE_COMPLETED'), PATIENT);
  expect(statesIn10(receiver)).toEqual(['TASK_STATE_WORKING', 'TASK_STATE_COMPLETED']);
  expect(receiver.got[0]!.headers).toMatchObject({
    authorization: 'Bearer push-credentials',
    'x-a2a-notification-token': TOKEN,
  });
});

test('switched off, cards do not offer them and configs are refused', async () => {
  await start({ GATEWAY_A2A_PUSH_NOTIFICATIONS: 'false' });
  await aBot();
  const card = (await http.get('/.well-known/agent-card.json')).body;
  expect(card['capabilities']).toMatchObject({ pushNotifications: false });
  const taskId = await submit();
  const config = { url: 'http://127.0.0.1:9/' };
  expect((await v1('CreateTaskPushNotificationConfig', { taskId, ...config })).error?.code).toBe(-32003);
  const inline = { message: message(), configuration: { taskPushNotificationConfig: config } };
  expect((await v1('SendMessage', inline)).error?.code).toBe(-32003);
});
