import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aString, aTaskId, containing } from '../support/matchers.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';

/** POST /jsonrpc as JSON-RPC 2.0 demands it. */

let gateway: GatewayProcess;
let http: Orchestrator;
let bot: TestBot;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
  bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'worker',
    skills: ['work'],
    behaviour: silent,
    maxConcurrency: 1_000,
  });
});
afterEach(() => http.cancelAll());
afterAll(() => closeAllBots());

const call = (body: unknown): Promise<Answer> => http.post('/jsonrpc', body);
const send = (id?: unknown, params: Fields = { skill: 'work', instruction: 'x' }): Fields => ({
  jsonrpc: '2.0',
  method: 'tasks/send',
  params,
  ...(id === undefined ? {} : { id }),
});
const list = (id: unknown): Fields => ({ jsonrpc: '2.0', method: 'agents/list', id });

test.each(['req-001', '', 'ü\n', 1, 0, -1, 1.5, 12345678901234, null])(
  'the id %j comes back with its type',
  async (id) => {
    const { status, body } = await call(list(id));
    expect([status, body]).toMatchObject([200, { jsonrpc: '2.0', id, result: { total: 1 } }]);
  },
);

test.each([
  ['no JSON', '{"jsonrpc": "2.0", "method"', -32700, null],
  ['a batch that is no JSON', '[{"jsonrpc":"2.0","method":"agents/list","id":1},', -32700, null],
  ['nothing', '', -32700, null],
  ['a string', '"x"', -32600, null],
  ['an empty object', '{}', -32600, null],
  ['an empty batch', '[]', -32600, null],
  ['no version', '{"method":"agents/list","id":4}', -32600, 4],
  ['version 1.0', '{"jsonrpc":"1.0","method":"agents/list","id":4}', -32600, 4],
  ['a method that is no string', '{"jsonrpc":"2.0","method":1,"params":"bar"}', -32600, null],
  [
    'params that are a string',
    '{"jsonrpc":"2.0","method":"agents/list","params":"bar","id":"x"}',
    -32600,
    'x',
  ],
  ['an id that is an object', '{"jsonrpc":"2.0","method":"agents/list","id":{}}', -32600, null],
  ['a response', '{"jsonrpc":"2.0","result":{},"id":9}', -32600, 9],
  ['an unknown method', '{"jsonrpc":"2.0","method":"foobar","id":"1"}', -32601, '1'],
  ['a method of every object', '{"jsonrpc":"2.0","method":"constructor","id":1}', -32601, 1],
  ['__proto__', '{"jsonrpc":"2.0","method":"__proto__","id":1}', -32601, 1],
  ['params by position', '{"jsonrpc":"2.0","method":"tasks/get","params":["t-1"],"id":1}', -32602, 1],
  ['params without the id', '{"jsonrpc":"2.0","method":"tasks/get","params":{},"id":1}', -32602, 1],
  [
    'an id of a task that is no string',
    '{"jsonrpc":"2.0","method":"tasks/get","params":{"id":7},"id":1}',
    -32602,
    1,
  ],
  ['params that are wrong', '{"jsonrpc":"2.0","method":"tasks/send","params":{"skill":1},"id":1}', -32602, 1],
  [
    'an unknown task',
    `{"jsonrpc":"2.0","method":"tasks/get","params":{"id":"t-${'0'.repeat(32)}"},"id":1}`,
    -32001,
    1,
  ],
  ['what is no task', '{"jsonrpc":"2.0","method":"tasks/cancel","params":{"id":"x"},"id":1}', -32001, 1],
  [
    'no agent',
    '{"jsonrpc":"2.0","method":"tasks/send","params":{"skill":"none","instruction":"x"},"id":1}',
    -32010,
    1,
  ],
])('%s: HTTP 200 and its code', async (_, text, code, id) => {
  const { status, headers, body } = await call(text);
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  expect(body).toMatchObject({
    jsonrpc: '2.0',
    id,
    error: { code, message: aString, data: { reason: aString } },
  });
  expect(body).not.toHaveProperty('result');
});

test('machine codes are in error.data.reason', async () => {
  const reason = async (body: unknown) =>
    ((await call(body)).body['error'] as { data: { reason: string } }).data.reason;
  expect(await reason(send(1, { skill: 'none', instruction: 'x' }))).toBe('NO_AGENT_AVAILABLE');
  expect(await reason(send(1, {}))).toBe('INVALID');
  const { task_id: id } = await http.submit({ skill: 'work' });
  await bot.complete(id);
  const cancel = { jsonrpc: '2.0', method: 'tasks/cancel', params: { id }, id: 1 };
  expect((await call(cancel)).body).toMatchObject({
    error: { code: -32002, data: { reason: 'TASK_TERMINAL' } },
  });
});

describe('notifications', () => {
  test('are done and answered with 204 and nothing, even when they fail', async () => {
    const before = bot.tasks.length;
    for (const body of [
      send(),
      { jsonrpc: '2.0', method: 'foobar' },
      send(undefined, {}),
      [send()],
      [send(), send()],
    ]) {
      const { status, text, headers } = await call(body);
      expect([status, text, headers.get('content-type')]).toEqual([204, '', null]);
    }
    await eventually(() => bot.tasks.length === before + 4);
  });
});

describe('batches', () => {
  test('answer each entry that has an id, in order, good and bad', async () => {
    const { status, text } = await call([
      list(1),
      send(),
      { foo: 'boo' },
      send('two'),
      1,
      { jsonrpc: '2.0', method: 'no', id: '5' },
    ]);
    expect([status, JSON.parse(text)]).toMatchObject([
      200,
      [
        { id: 1, result: { total: 1 } },
        { id: null, error: { code: -32600 } },
        { id: 'two', result: { task_id: aTaskId } },
        { id: null, error: { code: -32600 } },
        { id: '5', error: { code: -32601 } },
      ],
    ]);
    expect(JSON.parse(text)).toHaveLength(5);
  });

  test('of fifty are taken, of fifty-one refused as one, and nothing of it is done', async () => {
    const fifty = Array.from({ length: 50 }, (_, id) => list(id));
    const { text } = await call(fifty);
    expect((JSON.parse(text) as { id: number }[]).map(({ id }) => id)).toEqual(fifty.map((_, id) => id));
    const before = bot.tasks.length;
    const refused = await call(Array.from({ length: 51 }, (_, id) => send(id)));
    expect([refused.status, refused.body]).toMatchObject([
      200,
      { id: null, error: { code: -32600, data: { detail: containing('51') } } },
    ]);
    expect([bot.tasks.length, (await http.agent('worker'))?.load]).toEqual([before, 0]);
  });

  test('within a batch are not batches', async () => {
    const { text } = await call([[list(1)], list(2)]);
    expect(JSON.parse(text)).toMatchObject([
      { id: null, error: { code: -32600 } },
      { id: 2, result: {} },
    ]);
  });
});

test('what is refused before JSON-RPC is an HTTP error', async () => {
  const type = await http.post('/jsonrpc', JSON.stringify(list(1)), { 'content-type': 'text/plain' });
  expect([type.status, type.body['code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  const size = await call(
    JSON.stringify(send(1, { skill: 'work', instruction: 'x'.repeat(11 * 1024 * 1024) })),
  );
  expect([size.status, size.body['code']]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
});

test('nested deeper than 64 levels: −32700; 60 levels are fine', async () => {
  const nested = (levels: number): string =>
    `{"jsonrpc":"2.0","method":"tasks/send","id":1,"params":{"skill":"work","instruction":"x","metadata":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}}`;
  expect((await call(nested(5_000))).body['error']).toMatchObject({ code: -32700 });
  expect((await call(nested(60))).body['result']).toMatchObject({ status: 'queued' });
});

test('tasks/get of a completed task has its artifact', async () => {
  const { body } = await call(send(1));
  const id = (body['result'] as { task_id: string }).task_id;
  await bot.complete(id, { text: 'x' });
  expect((await http.rpc('tasks/get', { taskId: id })).body['result']).toMatchObject({
    task_id: id,
    status: 'completed',
    artifact: { text: 'x' },
  });
});
