import { startHttpApp, type TestApp } from '../../../test/support/http-app.js';
import { aRecord, aView, BOT, TASK_ID } from '../../../test/support/records.js';
import { GatewayError } from '../../core/errors.js';
import type { Principal } from '../../core/principal.js';
import { taskEvent, type NewTask } from '../../core/task.js';
import type { TaskFilter } from '../../engine/tasks/task.store.js';
import {
  RESET,
  type TasksService,
  type WatchItem,
  type WatchOptions,
} from '../../engine/tasks/tasks.service.js';
import { TasksController } from './tasks.controller.js';

const NOT_FOUND = new GatewayError('TASK_NOT_FOUND', 'task_id: no such task');
let app: TestApp;
let submitted: NewTask[];
let filters: TaskFilter[];
let watched: WatchOptions[];
let log: WatchItem[];
let tasks: Partial<TasksService>;

beforeEach(async () => {
  submitted = [];
  filters = [];
  watched = [];
  log = [];
  tasks = {
    submit: async (_who: Principal, task: NewTask) => (submitted.push(task), aRecord()),
    get: async (_who, id) => {
      if (id !== TASK_ID) throw NOT_FOUND;
      return aView(aRecord({ state: 'completed' }), { text: '摘要结果...' });
    },
    list: async (_who, filter) => (filters.push(filter), { tasks: [aRecord()], nextCursor: 'next' }),
    cancel: async () => aRecord({ state: 'canceled' }),
    watch: async (_who, id, options) => {
      if (id !== TASK_ID) throw NOT_FOUND;
      watched.push(options);
      return (async function* () {
        yield* log;
      })();
    },
  };
  app = await startHttpApp({ controllers: [TasksController], fakes: { tasks } });
});
afterEach(() => app.close());

const post = (body: unknown, headers = {}): Promise<Response> =>
  fetch(`${app.url}/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const seed = { skill: 'summarize', instruction: '请摘要:AI正在改变世界...' };

describe('POST /tasks', () => {
  test('B030: the seed request is acknowledged with 200', async () => {
    const res = await post(seed);
    expect(res.status).toBe(200);
    expect(await res.text()).toBe(`{"task_id":"${TASK_ID}","status":"queued","assigned_agent":"${BOT}"}`);
    expect(submitted).toMatchObject([
      { skill: 'summarize', input: { message: { parts: [{ text: seed.instruction }] } } },
    ]);
  });

  test('the Idempotency-Key goes along', async () => {
    await post(seed, { 'idempotency-key': 'k-1' });
    expect(submitted).toMatchObject([
      { idempotencyKey: 'k-1', fingerprint: expect.stringMatching(/^[\w-]{43}$/) as string },
    ]);
    expect((await post(seed, { 'idempotency-key': 'two words' })).status).toBe(400);
  });

  test('what is wrong is named', async () => {
    const res = await post({ ...seed, timeout_s: 'soon' });
    expect(res.status).toBe(400);
    expect(await res.json()).toMatchObject({
      code: 'INVALID',
      detail: expect.stringMatching(/^timeout_s: got "soon", allowed: /) as string,
    });
    expect(submitted).toEqual([]);
  });

  test('no body at all: 400', async () => {
    const res = await fetch(`${app.url}/tasks`, { method: 'POST' });
    expect(res.status).toBe(400);
  });
});

describe('GET /tasks', () => {
  test('filters and pages', async () => {
    const res = await fetch(
      `${app.url}/tasks?status=running&skill=s&agent=a&context_id=c&limit=7&cursor=${TASK_ID}&unknown=1`,
    );
    expect(await res.json()).toMatchObject({ tasks: [{ task_id: TASK_ID }], next_cursor: 'next' });
    expect(filters).toEqual([
      { status: 'running', skill: 's', agent: 'a', contextId: 'c', limit: 7, cursor: TASK_ID },
    ]);
  });

  test('fifty without a word', async () => {
    await fetch(`${app.url}/tasks`);
    expect(filters).toEqual([expect.objectContaining({ limit: 50 })]);
  });

  test.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=1.5',
    'status=done',
    'skill=',
    'skill=a&skill=b',
    'cursor=nonsense',
    `cursor=${TASK_ID}&cursor=${TASK_ID}`,
  ])('?%s: 400 that names the parameter', async (query) => {
    const res = await fetch(`${app.url}/tasks?${query}`);
    expect(res.status).toBe(400);
    const [name = ''] = query.split('=');
    expect(await res.json()).toMatchObject({
      code: 'INVALID',
      detail: expect.stringContaining(`${name}: got`) as string,
    });
    expect(filters).toEqual([]);
  });
});

describe('GET /tasks/:id', () => {
  test('B044: the result', async () => {
    const res = await fetch(`${app.url}/tasks/${TASK_ID}`);
    expect(await res.json()).toMatchObject({
      task_id: TASK_ID,
      status: 'completed',
      artifact: { text: '摘要结果...' },
    });
  });

  test('unknown, malformed, anything: one and the same answer that repeats nothing', async () => {
    const bodies = await Promise.all(
      [`t-${'f'.repeat(32)}`, 'x', 't-1', '%00', '..%2f..'].flatMap((id) =>
        ['', '/stream'].map(async (rest) => {
          const res = await fetch(`${app.url}/tasks/${id}${rest}`, {
            headers: { 'x-request-id': '6ff2a8a0-1111-4222-8333-444455556666' },
          });
          return `${res.status} ${await res.text()}`;
        }),
      ),
    );
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toMatch(/^404 \{"error":"task not found"/);
  });
});

test('POST /tasks/:id/cancel: 200, and 409 once it has ended', async () => {
  const cancel = (): Promise<Response> => fetch(`${app.url}/tasks/${TASK_ID}/cancel`, { method: 'POST' });
  const done = await cancel();
  expect([done.status, await done.json()]).toEqual([
    200,
    expect.objectContaining({ task_id: TASK_ID, status: 'canceled' }),
  ]);
  jest.spyOn(tasks as TasksService, 'cancel').mockRejectedValue(new GatewayError('TASK_TERMINAL', 'ended'));
  const late = await cancel();
  expect([late.status, await late.json()]).toEqual([409, expect.objectContaining({ code: 'TASK_TERMINAL' })]);
});

describe('GET /tasks/:id/stream', () => {
  test('B060: the seed stream, letter for letter, with ids', async () => {
    log = [
      taskEvent(1, 0, { event: 'queued', agent_id: BOT }),
      taskEvent(2, 0, { event: 'running' }),
      taskEvent(3, 0, { event: 'progress', pct: 50, message: 'processing...' }),
      taskEvent(4, 0, { event: 'completed', artifact: { text: '摘要结果...' } }),
    ];
    const res = await fetch(`${app.url}/tasks/${TASK_ID}/stream`);
    expect(await res.text()).toBe(
      [
        `id: 1\nevent: queued\ndata: {"event":"queued","task_id":"${TASK_ID}","agent_id":"nanobot-text-001"}\n\n`,
        `id: 2\nevent: running\ndata: {"event":"running","task_id":"${TASK_ID}"}\n\n`,
        `id: 3\nevent: progress\ndata: {"event":"progress","task_id":"${TASK_ID}","pct":50,"message":"processing..."}\n\n`,
        `id: 4\nevent: completed\ndata: {"event":"completed","task_id":"${TASK_ID}","artifact":{"text":"摘要结果..."}}\n\n`,
      ].join(''),
    );
    expect(watched).toMatchObject([{ after: undefined }]);
  });

  test('Last-Event-ID is passed on as it is; the reset is an event', async () => {
    log = [RESET, taskEvent(1, 0, { event: 'canceled' })];
    const res = await fetch(`${app.url}/tasks/${TASK_ID}/stream`, { headers: { 'last-event-id': 'abc' } });
    expect(await res.text()).toBe(
      `event: reset\ndata: {"event":"reset","task_id":"${TASK_ID}"}\n\n` +
        `id: 1\nevent: canceled\ndata: {"event":"canceled","task_id":"${TASK_ID}"}\n\n`,
    );
    expect(watched).toMatchObject([{ after: 'abc' }]);
  });
});
