import { startHttpApp, type TestApp } from '../../../test/support/http-app.js';
import { aRecord, aView, anAgent, BOT, TASK_ID } from '../../../test/support/records.js';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import type { Principal, Right } from '../../core/principal.js';
import type { NewTask } from '../../core/task.js';
import type { TasksService } from '../../engine/tasks/tasks.service.js';
import { MAX_BATCH } from '../../transport/jsonrpc/envelope.js';
import { RPC_METHODS } from '../../transport/orchestrator/rpc-methods.js';
import { RpcDispatcher } from './dispatcher.js';
import { RpcHandlers } from './handlers.js';
import { JsonRpcController } from './jsonrpc.controller.js';

let app: TestApp;
let submitted: NewTask[];
let tasks: Partial<TasksService>;

const start = async (fakes = {}): Promise<void> => {
  submitted = [];
  tasks = {
    submit: async (_who: Principal, task: NewTask) => (submitted.push(task), aRecord()),
    get: async (_who, id) => {
      if (id !== TASK_ID) throw new GatewayError('TASK_NOT_FOUND', 'no such task');
      return aView(aRecord({ state: 'completed' }), { text: 'done' });
    },
    cancel: async () => aRecord({ state: 'canceled' }),
  };
  app = await startHttpApp({
    controllers: [JsonRpcController],
    providers: [RpcDispatcher, RpcHandlers],
    fakes: { tasks, registry: { list: () => [anAgent()] }, ...fakes },
    http: { bodyLimit: 65_536 },
  });
};
afterEach(() => app.close());

const raw = (body: string, headers = {}): Promise<Response> =>
  fetch(`${app.url}/jsonrpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
const rpc = async (payload: unknown): Promise<unknown> => {
  const res = await raw(JSON.stringify(payload));
  expect(res.status).toBe(200);
  return res.json();
};
const call = (method: string, params?: unknown, id: unknown = 1): Promise<unknown> =>
  rpc({ jsonrpc: '2.0', method, params, id });
const failure = (code: number, id: unknown = 1): unknown => ({
  jsonrpc: '2.0',
  id,
  error: expect.objectContaining({ code, message: expect.any(String) as string }) as unknown,
});

describe('methods', () => {
  beforeEach(() => start());

  test('B080: tasks/send, verbatim', async () => {
    const payload = {
      jsonrpc: '2.0',
      method: 'tasks/send',
      params: { skill: 'translate', instruction: 'Translate: 今天天气真好' },
      id: 'req-001',
    };
    expect(await rpc(payload)).toEqual({
      jsonrpc: '2.0',
      id: 'req-001',
      result: { task_id: TASK_ID, status: 'queued', assigned_agent: BOT },
    });
    expect(submitted).toMatchObject([{ skill: 'translate' }]);
  });

  test('tasks/send with a key', async () => {
    await call('tasks/send', { skill: 's', instruction: 'i', idempotency_key: 'k' });
    expect(submitted).toMatchObject([{ idempotencyKey: 'k' }]);
  });

  test.each(['id', 'task_id', 'taskId'])('B081, B083: a task by %s', async (name) => {
    expect(await call('tasks/get', { [name]: TASK_ID })).toMatchObject({
      result: { task_id: TASK_ID, status: 'completed', artifact: { text: 'done' } },
    });
    expect(await call('tasks/cancel', { [name]: TASK_ID })).toMatchObject({
      result: { task_id: TASK_ID, status: 'canceled' },
    });
  });

  test.each([[undefined], [{}], [null]])('B082: agents/list with params %j', async (params) => {
    expect(await call('agents/list', params)).toMatchObject({
      result: { total: 1, agents: [{ name: BOT, load: 0 }] },
    });
  });
});

describe('errors', () => {
  beforeEach(() => start());

  test.each([
    ['{"jsonrpc"', -32700],
    ['', -32700],
    ['"\ufffd', -32700],
    ['[', -32700],
  ])('%j is no JSON: −32700 with id null', async (body, code) => {
    const res = await raw(body);
    expect([res.status, await res.json()]).toEqual([200, failure(code, null)]);
  });

  test('envelope, method, params', async () => {
    expect(await rpc([])).toEqual(failure(-32600, null));
    expect(await rpc(5)).toEqual(failure(-32600, null));
    expect(await rpc({ jsonrpc: '1.0', method: 'agents/list', id: 1 })).toEqual(failure(-32600));
    expect(await rpc({ jsonrpc: '2.0', id: 1, result: {} })).toEqual(failure(-32600));
    expect(await call('tasks/nope')).toEqual(failure(-32601));
    expect(await call('toString')).toEqual(failure(-32601));
    expect(await call('__proto__')).toEqual(failure(-32601));
    expect(await call('tasks/get', [TASK_ID])).toEqual(failure(-32602));
    expect(await call('tasks/get', {})).toEqual(failure(-32602));
    expect(await call('tasks/send', { skill: 's' })).toEqual(failure(-32602));
  });

  test('B125: an unknown task is −32001, with the machine code', async () => {
    expect(await call('tasks/get', { id: 't-2' }, 'a')).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      error: { code: -32001, message: 'there is no such task', data: { reason: 'TASK_NOT_FOUND' } },
    });
  });

  test('a defect is −32603 and tells nothing', async () => {
    jest.spyOn(tasks as TasksService, 'get').mockRejectedValue(new TypeError('secret'));
    const answer = await call('tasks/get', { id: TASK_ID });
    expect(answer).toEqual(failure(-32603));
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  test('413 and 415 come before JSON-RPC', async () => {
    expect((await raw(`"${'x'.repeat(65_536)}"`)).status).toBe(413);
    expect((await raw('{}', { 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('ids, notifications, batches', () => {
  beforeEach(() => start());

  test.each([['x'], [7], [0], [1.5], [null]])('id %j comes back with its type', async (id) => {
    expect(await call('agents/list', {}, id)).toMatchObject({ id });
  });

  test('a notification is done and answered with 204', async () => {
    const res = await raw('{"jsonrpc":"2.0","method":"tasks/send","params":{"skill":"s","instruction":"i"}}');
    expect([res.status, await res.text()]).toEqual([204, '']);
    expect(submitted).toHaveLength(1);
    expect((await raw('{"jsonrpc":"2.0","method":"no/such"}')).status).toBe(204);
    expect(
      (await raw('[{"jsonrpc":"2.0","method":"no/such"},{"jsonrpc":"2.0","method":"agents/list"}]')).status,
    ).toBe(204);
  });

  test('a batch is answered in its order, each entry for itself, notifications left out', async () => {
    const answer = await rpc([
      { jsonrpc: '2.0', method: 'tasks/get', params: { id: TASK_ID }, id: 1 },
      1,
      { jsonrpc: '2.0', method: 'agents/list' },
      { jsonrpc: '2.0', method: 'no/such', id: '3' },
      { jsonrpc: '2.0', method: 'agents/list', id: 4 },
    ]);
    expect(answer).toEqual([
      expect.objectContaining({ id: 1, result: expect.anything() as unknown }),
      failure(-32600, null),
      failure(-32601, '3'),
      expect.objectContaining({ id: 4, result: expect.anything() as unknown }),
    ]);
  });

  test('entries do not wait for each other', async () => {
    let release = (): void => undefined;
    jest
      .spyOn(tasks as TasksService, 'get')
      .mockReturnValue(new Promise((resolve) => (release = () => resolve(aView(aRecord())))));
    jest
      .spyOn(tasks as TasksService, 'cancel')
      .mockImplementation(async () => (release(), aRecord({ state: 'canceled' })));
    const entry = (method: string, id: number): object => ({
      jsonrpc: '2.0',
      method,
      params: { id: TASK_ID },
      id,
    });
    expect(await rpc([entry('tasks/get', 1), entry('tasks/cancel', 2)])).toMatchObject([
      { id: 1 },
      { id: 2 },
    ]);
  });

  test(`${MAX_BATCH} entries at most, and none is run beyond`, async () => {
    const entry = { jsonrpc: '2.0', method: 'tasks/send', params: { skill: 's', instruction: 'i' }, id: 1 };
    expect(await rpc(Array.from({ length: MAX_BATCH }, () => entry))).toHaveLength(MAX_BATCH);
    submitted.length = 0;
    expect(await rpc(Array.from({ length: MAX_BATCH + 1 }, () => entry))).toEqual(failure(-32600, null));
    expect(submitted).toEqual([]);
  });
});

describe('with auth on', () => {
  const who = (rights: Right[]): Principal => ({
    id: 'me',
    namespace: 'production' as Namespace,
    rights: new Set(rights),
    grants: [],
  });

  test('B120: without a token 401', async () => {
    const authenticate = (): Promise<never> =>
      Promise.reject(new GatewayError('UNAUTHENTICATED', 'no token'));
    await start({ auth: { enabled: true, authenticate } });
    const res = await raw('{"jsonrpc":"2.0","method":"agents/list","id":1}');
    expect([res.status, res.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  test('each method asks for its own right', async () => {
    await start({ auth: { enabled: true, authenticate: () => Promise.resolve(who(['read'])) } });
    for (const [method, { right }] of Object.entries(RPC_METHODS)) {
      const answer = await call(method, { id: TASK_ID, skill: 's', instruction: 'i' });
      if (right === 'execute') expect(answer).toEqual({ ...(failure(-32012) as object) });
      else expect(answer).toHaveProperty('result');
    }
    expect(submitted).toEqual([]);
  });
});
