import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aTaskId, aUuid, containing } from '../support/matchers.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type Behaviour } from '../support/test-bot.js';

/** The REST API beyond the seed's examples: what is refused and how, idempotency, lists, cancel. */

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

const aBot = (name = 'worker', behaviour: Behaviour = silent, skills = ['work']): Promise<TestBot> =>
  TestBot.connect({ url: gateway.botUrl, name, skills, behaviour, maxConcurrency: 100 });
const work = (more: Fields = {}): Fields => ({ skill: 'work', instruction: 'do it', ...more });

describe('what is refused, and how', () => {
  const LIMIT = 10 * 1024 * 1024;

  test.each([
    ['no JSON', '{"skill":'],
    ['no object', '[]'],
    ['null', 'null'],
    ['no skill', { instruction: 'x' }],
    ['a skill that is no string', { skill: 7, instruction: 'x' }],
    ['an empty skill', { skill: '', instruction: 'x' }],
    ['no instruction', { skill: 'work' }],
    ['an empty instruction', { skill: 'work', instruction: '  ' }],
    ['an instruction that is no string', { skill: 'work', instruction: {} }],
    ['constraints that are no object', work({ constraints: [] })],
    ['metadata that are no object', work({ metadata: 'x' })],
    ['an unknown priority', work({ priority: 'urgent' })],
    ['timeout_s 0', work({ timeout_s: 0 })],
    ['a negative timeout_s', work({ timeout_s: -1 })],
    ['timeout_s as a string', work({ timeout_s: '10' })],
    ['idempotent as a string', work({ idempotent: 'yes' })],
    ['an agent_id that is no string', work({ agent_id: 1 })],
    ['a namespace that is no string', work({ namespace: {} })],
    ['parts that are no list', { skill: 'work', message: { parts: 'x' } }],
  ])('%s: 400 in four words, and no task', async (_, body) => {
    const bot = await aBot();
    const answer = await http.post('/tasks', body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      400,
      'application/json; charset=utf-8',
    ]);
    expect(answer.body).toEqual({
      error: 'invalid request',
      detail: containing(': '),
      code: 'INVALID',
      request_id: aUuid,
    });
    expect(answer.headers.get('x-request-id')).toBe(answer.body['request_id']);
    expect([bot.tasks, (await http.agent('worker'))?.load]).toEqual([[], 0]);
  });

  test.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['application/json; charset=latin1'],
    [''],
  ])('content-type %j: 415', async (type) => {
    const { status, body } = await http.post('/tasks', JSON.stringify(work()), { 'content-type': type });
    expect([status, body['code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('B035: a body over 10 MiB: 413, with its length and without; the bot notices nothing', async () => {
    const bot = await aBot();
    const huge = JSON.stringify(work({ instruction: 'x'.repeat(LIMIT) }));
    const announced = await http.post('/tasks', huge);
    expect([announced.status, announced.body]).toEqual([
      413,
      {
        error: 'payload too large',
        detail: containing('10485760'),
        code: 'PAYLOAD_TOO_LARGE',
        request_id: aUuid,
      },
    ]);
    const chunked = await fetch(`${http.url}/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([huge]).stream(),
      duplex: 'half',
    });
    expect([chunked.status, await chunked.json()]).toMatchObject([413, { code: 'PAYLOAD_TOO_LARGE' }]);
    expect([bot.isOpen, bot.tasks]).toEqual([true, []]);
    const { task_id: id } = await http.submit(work());
    await bot.expectTask(id);
  });

  test('a body of exactly the limit is read', async () => {
    await aBot();
    const empty = JSON.stringify(work({ metadata: { pad: '' } })).length;
    const body = JSON.stringify(work({ metadata: { pad: 'x'.repeat(LIMIT - empty) } }));
    expect(body).toHaveLength(LIMIT);
    expect((await http.post('/tasks', body)).status).toBe(200);
  });

  test.each([
    ['GET', '/'],
    ['GET', '/nothing'],
    ['DELETE', '/tasks'],
    ['PUT', '/agents'],
    ['GET', '/jsonrpc'],
    ['GET', '/tasks/a/b/c'],
    ['POST', '/.well-known/agent.json'],
  ])('%s %s: 404 as JSON', async (method, path) => {
    const answer = await http.request(method, path);
    expect([answer.status, answer.body]).toEqual([
      404,
      { error: 'not found', detail: 'there is no such route', code: 'NOT_FOUND', request_id: aUuid },
    ]);
  });

  test('an unknown task: 404, and so is everything that is no id', async () => {
    for (const id of [`t-${'0'.repeat(32)}`, 't-1', 'x', '%2e%2e%2f', '__proto__'])
      for (const [method, rest] of [
        ['GET', ''],
        ['GET', '/stream'],
        ['POST', '/cancel'],
      ] as const) {
        const { status, body } = await http.request(method, `/tasks/${id}${rest}`);
        expect([status, body['code']]).toEqual([404, 'TASK_NOT_FOUND']);
      }
  });

  test('no agent has the skill: 503 that says so, and nothing is kept', async () => {
    await aBot();
    const { status, body } = await http.post('/tasks', work({ skill: 'juggle' }));
    expect([status, body['code']]).toEqual([503, 'NO_AGENT_AVAILABLE']);
    expect((await http.get('/tasks?skill=juggle')).body).toEqual({ tasks: [], next_cursor: null });
  });
});

describe('Idempotency-Key', () => {
  const once = (key: string, body: Fields) => http.post('/tasks', body, { 'idempotency-key': key });

  test('fifty at once are one task', async () => {
    const bot = await aBot();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => once('fifty', work({ context_id: 'c' }))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body['task_id'])).size).toBe(1);
    const id = answers[0]!.body['task_id'] as string;
    await bot.complete(id);
    expect(await http.status(id)).toBe('completed');
    expect(bot.tasks).toHaveLength(1);
  });

  test('the same later, with the fields in another order, is the same task, also when it has ended', async () => {
    const bot = await aBot();
    const first = await once('later', { skill: 'work', instruction: 'x', constraints: { a: 1, b: 2 } });
    await bot.complete(first.body['task_id'] as string);
    const again = await once('later', { constraints: { b: 2, a: 1 }, instruction: 'x', skill: 'work' });
    expect([again.status, again.body['task_id']]).toEqual([200, first.body['task_id']]);
    expect(bot.tasks).toHaveLength(1);
  });

  test('another body: 409, also at the same moment', async () => {
    await aBot();
    const answers = await Promise.all([once('two', work()), once('two', work({ instruction: 'other' }))]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const late = await once('two', work({ priority: 'high' }));
    expect([late.status, late.body['code']]).toEqual([409, 'CONFLICT']);
  });

  test('a refused request does not use its key up', async () => {
    expect((await once('again', work())).status).toBe(503);
    await aBot();
    expect((await once('again', work())).status).toBe(200);
  });

  test('JSON-RPC shares the keys', async () => {
    await aBot();
    const { body } = await once('shared', work());
    const rpc = await http.rpc('tasks/send', { ...work(), idempotency_key: 'shared' });
    expect(rpc.body['result']).toMatchObject({ task_id: body['task_id'] });
    const other = await http.rpc('tasks/send', { ...work({ instruction: 'x' }), idempotency_key: 'shared' });
    expect(other.body['error']).toMatchObject({ code: -32002, data: { reason: 'CONFLICT' } });
  });

  test.each(['', ' ', 'two words', 'ü', 'x'.repeat(256)])('%j is no key', async (key) => {
    await aBot();
    const response = http.post('/tasks', work(), { 'idempotency-key': key }).catch(() => undefined);
    const status = (await response)?.status;
    // An empty header is no header; what fetch itself does not send is not the gateway's to refuse.
    if (key.trim() === '') expect([200, 400]).toContain(status);
    else if (status !== undefined) expect(status).toBe(400);
  });
});

describe('GET /tasks', () => {
  test('filters by status, skill and agent; newest first', async () => {
    const [a, b] = [await aBot('a', silent, ['left']), await aBot('b', silent, ['left', 'right'])];
    const ids: Record<string, string> = {};
    for (const [name, fields] of Object.entries({
      one: { skill: 'left', agent_id: 'a' },
      two: { skill: 'left', agent_id: 'b' },
      three: { skill: 'right' },
    }))
      ids[name] = (await http.submit({ ...fields, context_id: 'filters' })).task_id;
    await a.complete(ids['one']!);
    await b.report(ids['two']!, { status: 'running' });
    const found = async (query: string): Promise<string[]> =>
      ((await http.get(`/tasks?context_id=filters&${query}`)).body['tasks'] as { task_id: string }[]).map(
        ({ task_id: id }) => Object.keys(ids).find((name) => ids[name] === id) ?? id,
      );
    expect(await found('')).toEqual(['three', 'two', 'one']);
    expect(await found('status=completed')).toEqual(['one']);
    expect(await found('status=running')).toEqual(['two']);
    expect(await found('status=queued')).toEqual(['three']);
    expect(await found('skill=left')).toEqual(['two', 'one']);
    expect(await found('agent=b')).toEqual(['three', 'two']);
    expect(await found('agent=b&skill=left&status=running')).toEqual(['two']);
    expect(await found('agent=nobody')).toEqual([]);
  });

  test('pages hold every task once, also while new ones come', async () => {
    await aBot();
    const wanted: string[] = [];
    for (let i = 0; i < 7; i++) wanted.unshift((await http.submit(work({ context_id: 'pages' }))).task_id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await http.get(`/tasks?context_id=pages&limit=3${cursor && `&cursor=${cursor}`}`);
      seen.push(...(body['tasks'] as { task_id: string }[]).map(({ task_id: id }) => id));
      cursor = encodeURIComponent((body['next_cursor'] as string | null) ?? '');
      await http.submit(work({ context_id: 'pages' }));
    } while (cursor !== '');
    expect(seen).toEqual(wanted);
  });

  test.each(['cursor=nonsense', 'status=done', 'limit=0', 'limit=1000', 'limit=x'])(
    '?%s: 400',
    async (query) => {
      const { status, body } = await http.get(`/tasks?${query}`);
      expect([status, body['code']]).toEqual([400, 'INVALID']);
    },
  );
});

describe('cancel', () => {
  test('of a running task; of an ended one: 409 that changes nothing', async () => {
    const bot = await aBot();
    const { task_id: id } = await http.submit(work());
    await bot.report(id, { status: 'running' });
    const first = await http.cancel(id);
    expect([first.status, first.body]).toMatchObject([200, { task_id: id, status: 'canceled' }]);
    await bot.expectCancel(id);
    const again = await http.cancel(id);
    expect([again.status, again.body['code']]).toEqual([409, 'TASK_TERMINAL']);
    // The bot's result comes too late: no `completed` after an acknowledged `canceled`.
    expect((await bot.report(id, { status: 'completed', artifact: { text: 'x' } })).error?.code).toBe(-32001);
    expect(await http.task(id)).not.toHaveProperty('artifact');
    expect(await http.status(id)).toBe('canceled');
  });

  test('of a completed and of a failed task: 409', async () => {
    const bot = await aBot();
    const [done, broken] = [await http.submit(work()), await http.submit(work())];
    await bot.complete(done.task_id);
    await bot.report(broken.task_id, { status: 'failed', error: 'x' });
    for (const { task_id: id } of [done, broken]) {
      const { status, body } = await http.cancel(id);
      expect([status, body['code']]).toEqual([409, 'TASK_TERMINAL']);
      expect((await http.rpc('tasks/cancel', { id })).body['error']).toMatchObject({ code: -32002 });
    }
  });
});

test('cancel and completion at the same moment: one of them wins, and everybody agrees which', async () => {
  const bot = await aBot();
  for (let round = 0; round < 40; round++) {
    const { task_id: id } = await http.submit(work());
    await bot.expectTask(id);
    const order = [
      () => http.cancel(id).then(({ status }) => status),
      () => bot.report(id, { status: 'completed', artifact: { text: 'x' } }).then(({ error }) => error?.code),
      () => http.cancel(id).then(({ status }) => status),
    ];
    const [first, report, second] = await Promise.all(order.map((act) => act()));
    const task = await http.task(id);
    const events = (await (await http.stream(id)).toEnd()).map(({ event }) => event);
    expect(events).toEqual(['queued', task['status']]);
    const canceled = task['status'] === 'canceled';
    expect([first, second].sort()).toEqual(canceled ? [200, 409] : [409, 409]);
    expect(report).toBe(canceled ? -32001 : undefined);
    expect('artifact' in task).toBe(!canceled);
  }
  expect((await http.agent('worker'))?.load).toBe(0);
});

test('parts of every spelling reach the bot as `type`', async () => {
  const bot = await aBot();
  const parts = [
    { text: 'a' },
    { type: 'text', text: 'b' },
    { kind: 'text', text: 'c' },
    { kind: 'data', data: 1 },
  ];
  const { task_id: id } = await http.submit({ skill: 'work', instruction: undefined, message: { parts } });
  expect({ id }).toEqual({ id: aTaskId });
  expect((await bot.expectTask(id)).params['message']).toEqual({
    role: 'user',
    parts: [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'text', text: 'c' },
      { type: 'data', data: 1 },
    ],
  });
});
