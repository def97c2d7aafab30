import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aString } from '../support/matchers.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** The bot socket beyond the seed's examples: registration, replacement, order, chunks, what is refused. */

let gateway: GatewayProcess;
let http: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start({
    env: { GATEWAY_BOTS_REGISTER_TIMEOUT: '500ms', GATEWAY_TASKS_RECONNECT_GRACE: '2s' },
  });
  http = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
  await eventually(async () => (await http.agents()).length === 0);
});

const options = (more: Partial<TestBotOptions> = {}): TestBotOptions => ({
  url: gateway.botUrl,
  name: 'worker',
  skills: ['work'],
  behaviour: silent,
  ...more,
});
const aBot = (more?: Partial<TestBotOptions>): Promise<TestBot> => TestBot.connect(options(more));
const aSocket = (): Promise<TestBot> => TestBot.connectOnly(options());
const submit = async (more: Fields = {}): Promise<string> =>
  (await http.submit({ skill: 'work', ...more })).task_id;
const register = (params: unknown, id?: unknown): Fields => ({
  jsonrpc: '2.0',
  method: 'x-agent/register',
  params,
  ...(id === undefined ? {} : { id }),
});

describe('registration', () => {
  test('with an id it is answered, with the same id and type', async () => {
    for (const id of ['one', 7]) {
      const bot = await aSocket();
      bot.send(register({ card: { name: `bot-${id}`, skills: [] } }, id));
      expect(await bot.expectFrame((frame) => frame.id === id)).toEqual({
        jsonrpc: '2.0',
        id,
        result: {
          agent_id: `bot-${id}`,
          namespace: 'default',
          heartbeat_interval_ms: 10_000,
          heartbeat_timeout_ms: 30_000,
          holding: [],
        },
      });
    }
  });

  test('defaults: namespace "default", ten tasks at once, a skill is called as its id', async () => {
    const bot = await aSocket();
    bot.send(register({ card: { name: 'plain', skills: [{ id: 'work' }] } }));
    await eventually(async () => (await http.agent('plain')) !== undefined);
    expect(await http.agent('plain')).toMatchObject({
      namespace: 'default',
      max_concurrency: 10,
      skills: [{ id: 'work', name: 'work', description: '', tags: [] }],
    });
  });

  test('skills: [] is listed and never routed to', async () => {
    await aBot({ skills: [] });
    expect(await http.agent('worker')).toMatchObject({ skills: [] });
    expect((await http.post('/tasks', { skill: 'work', instruction: 'x' })).status).toBe(503);
  });

  test.each<[string, unknown]>([
    ['no params', undefined],
    ['params as a list', [{ name: 'x', skills: [] }]],
    ['no card', {}],
    ['a card that is no object', { card: 'x' }],
    ['no name', { card: { skills: [] } }],
    ['an empty name', { card: { name: '', skills: [] } }],
    ['a name that is no string', { card: { name: 7, skills: [] } }],
    ['a name of 129 characters', { card: { name: 'x'.repeat(129), skills: [] } }],
    ['no skills', { card: { name: 'x' } }],
    ['skills that are no list', { card: { name: 'x', skills: { id: 'y' } } }],
    ['a skill without id', { card: { name: 'x', skills: [{ name: 'y' }] } }],
    [
      'too many skills',
      { card: { name: 'x', skills: Array.from({ length: 257 }, (_, i) => ({ id: `s${i}` })) } },
    ],
    ['max_concurrency 0', { card: { name: 'x', skills: [], max_concurrency: 0 } }],
    ['max_concurrency 1.5', { card: { name: 'x', skills: [], max_concurrency: 1.5 } }],
    ['max_concurrency as a string', { card: { name: 'x', skills: [], max_concurrency: '3' } }],
    ['a namespace that is no string', { card: { name: 'x', skills: [] }, namespace: 1 }],
  ])('%s: −32602 that names the field, then 1008', async (_, params) => {
    const bot = await aSocket();
    bot.send(register(params, 'r'));
    const { error } = await bot.expectFrame((frame) => frame.id === 'r');
    expect(error).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^params.*: got |^card.*: got /) as string,
    });
    expect((await bot.expectClose()).code).toBe(1008);
    expect(await http.agents()).toEqual([]);
  });

  test('also as a notification: the error comes with id null', async () => {
    const bot = await aSocket();
    bot.send(register({ card: {} }));
    expect(await bot.expectFrame((frame) => frame.id === null)).toMatchObject({ error: { code: -32602 } });
    expect((await bot.expectClose()).code).toBe(1008);
  });

  test.each<[string, unknown]>([
    ['a report', { jsonrpc: '2.0', method: 'tasks/status', params: { id: 'x', status: 'running' }, id: 1 }],
    ['an unknown method', { jsonrpc: '2.0', method: 'hello', id: 1 }],
    ['no JSON-RPC', { hello: 1 }],
    ['a pong', { jsonrpc: '2.0', method: 'x-agent/pong' }],
  ])('the first frame is %s: an error, then 1008', async (_, frame) => {
    const bot = await aSocket();
    bot.send(frame);
    expect(await bot.expectFrame(({ error }) => error !== undefined)).toMatchObject({
      error: { code: -32600 },
    });
    expect((await bot.expectClose()).code).toBe(1008);
  });

  test('bad JSON first: −32700, and the socket stays', async () => {
    const bot = await aSocket();
    bot.send('{"jsonrpc":');
    expect(await bot.expectFrame(({ error }) => error !== undefined)).toMatchObject({
      id: null,
      error: { code: -32700 },
    });
    await bot.register();
    expect(await http.agent('worker')).toBeDefined();
  });

  test('nothing within the deadline: an error, then 1008', async () => {
    const bot = await aSocket();
    const begin = performance.now();
    expect((await bot.expectClose()).code).toBe(1008);
    expect(performance.now() - begin).toBeGreaterThan(400);
    expect(bot.received.map(({ frame }) => frame)).toMatchObject([{ id: null, error: { code: -32602 } }]);
  });

  test('the path: anything but /agent/register is 404, never 101', async () => {
    const base = gateway.botUrl.replace('/agent/register', '');
    for (const path of ['/', '/agent', '/agent/register/', '/agent/registers', '//agent/register'])
      await expect(TestBot.connectOnly(options({ url: `${base}${path}` }))).rejects.toThrow('HTTP 404');
  });
});

describe('again', () => {
  test('on the same socket: the new card replaces the old one', async () => {
    const bot = await aBot();
    await bot.register({
      skills: [{ id: 'play', name: 'Play', tags: ['fun'] }],
      max_concurrency: 5,
      version: '2.0.0',
    });
    expect(await http.agents()).toMatchObject([
      { name: 'worker', version: '2.0.0', max_concurrency: 5, skills: [{ id: 'play', tags: ['fun'] }] },
    ]);
    const card = (await http.get('/.well-known/agent.json')).body['skills'] as { id: string }[];
    expect(card.map(({ id }) => id)).toEqual(['play']);
  });

  test('a wrong card on a registered socket: −32602 and 1008, as on a new one', async () => {
    const bot = await aBot();
    await expect(bot.register({ max_concurrency: 0 })).rejects.toThrow('-32602');
    expect((await bot.expectClose()).code).toBe(1008);
  });

  test('resuming that is no list of ids: −32602, and the field is named', async () => {
    const bot = await aBot();
    const card = { name: 'worker', skills: [] };
    bot.send({ jsonrpc: '2.0', method: 'x-agent/register', params: { card, resuming: [1] }, id: 'again' });
    const { error } = await bot.expectFrame(({ id }) => id === 'again');
    expect(error).toMatchObject({
      code: -32602,
      message: expect.stringContaining('params.resuming') as unknown,
    });
  });

  test('on the same socket under another name: it is that other agent now', async () => {
    const bot = await aBot();
    await bot.register({ name: 'renamed' });
    expect((await http.agents()).map(({ name }) => name)).toEqual(['renamed']);
    const { task_id: id, assigned_agent: agent } = await http.submit({ skill: 'work' });
    expect(agent).toBe('renamed');
    await bot.complete(id);
  });

  test('the same name in another namespace is another agent', async () => {
    await aBot({ namespace: 'one' });
    await aBot({ namespace: 'two' });
    expect((await http.agents()).map(({ namespace }) => namespace).sort()).toEqual(['one', 'two']);
  });

  test('by a new socket: the old one is closed 4409, and its late frames count for nothing', async () => {
    const old = await aBot();
    const id = await submit();
    await old.report(id, { status: 'running' });
    old.stopReading(); // it does not see the close yet
    const fresh = await aBot();
    expect(fresh.welcome['holding']).toEqual([id]);
    old.notify(id, { status: 'failed', error: 'from the old socket' });
    old.notify(id, { status: 'completed', artifact: { text: 'from the old socket' } });
    await fresh.report(id, { status: 'running', pct: 90 });
    expect(await http.task(id)).toMatchObject({ status: 'running', progress: { pct: 90 }, attempt: 1 });
    await fresh.complete(id, { text: 'from the new socket' });
    expect(await http.task(id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'from the new socket' },
    });
    old.resumeReading();
    expect((await old.expectClose()).code).toBe(4409);
    expect(await http.agents()).toHaveLength(1);
  });

  test('a task that the old socket has not begun is sent to the new one', async () => {
    const old = await aBot();
    const id = await submit();
    await old.expectTask(id);
    const fresh = await aBot();
    expect(await fresh.expectTask(id)).toMatchObject({ attempt: 2 });
    await fresh.complete(id);
    expect(await http.task(id)).toMatchObject({ status: 'completed', attempt: 2 });
  });

  test('a bot that loses its connection and comes back within the grace goes on', async () => {
    const bot = await aBot({ reconnect: true });
    const id = await submit({ timeout_s: 30 });
    await bot.report(id, { status: 'running', pct: 10 });
    bot.cut();
    await bot.until(() => bot.registrations === 2);
    expect(bot.welcome['holding']).toEqual([id]);
    expect(await http.agent('worker')).toMatchObject({ load: 1 });
    await bot.complete(id);
    expect(await http.task(id)).toMatchObject({ status: 'completed', attempt: 1 });
  });
});

describe('reports', () => {
  test('are answered after they are stored: what is acknowledged is there', async () => {
    const bot = await aBot();
    const id = await submit();
    for (const [fields, seen] of [
      [{ status: 'running' }, { status: 'running' }],
      [{ status: 'running', pct: 50, message: 'half' }, { progress: { pct: 50, message: 'half' } }],
      [
        { status: 'completed', artifact: { text: 'x' } },
        { status: 'completed', artifact: { text: 'x' } },
      ],
    ] as const) {
      expect(await bot.report(id, fields)).toMatchObject({ result: {} });
      expect(await http.task(id)).toMatchObject(seen);
    }
  });

  test('of one socket are taken in order: 200 times progress, then completed', async () => {
    const bot = await aBot();
    const id = await submit();
    const stream = await http.stream(id);
    for (let n = 1; n <= 200; n++) bot.notify(id, { status: 'running', pct: n / 2, message: `step ${n}` });
    bot.notify(id, { status: 'completed', artifact: { text: 'x' } });
    const events = await stream.toEnd();
    expect(events.map(({ id }) => Number(id))).toEqual(Array.from({ length: 202 }, (_, i) => i + 1));
    expect(events.slice(1, -1).map(({ data }) => data['message'])).toEqual(
      Array.from({ length: 200 }, (_, i) => `step ${i + 1}`),
    );
    expect(events.at(-1)?.event).toBe('completed');
  });

  test.each([
    [-5, 0],
    [250, 100],
    [33.3, 33.3],
  ])('pct %p is taken as %p', async (given, shown) => {
    const bot = await aBot();
    const id = await submit();
    await bot.report(id, { status: 'running', pct: given });
    expect(await http.task(id)).toMatchObject({ progress: { pct: shown } });
  });

  test('`progress` is another word for `pct`', async () => {
    const bot = await aBot();
    const id = await submit();
    await bot.report(id, { status: 'running', progress: 40 });
    expect(await http.task(id)).toMatchObject({ progress: { pct: 40 } });
  });

  test.each<[string, Fields]>([
    ['an unknown status', { status: 'sleeping' }],
    ['no status', {}],
    ['pct as a string', { status: 'running', pct: '50' }],
    ['an artifact that is a list', { status: 'completed', artifact: [1] }],
    ['artifact.text as a number', { status: 'completed', artifact: { text: 5 } }],
    ['append as a string', { status: 'running', append: 'yes', artifact: { text: 'x' } }],
  ])('%s: −32602, and the task is what it was', async (_, fields) => {
    const bot = await aBot();
    const id = await submit();
    expect((await bot.report(id, fields)).error).toMatchObject({ code: -32602 });
    expect([await http.status(id), bot.isOpen]).toEqual(['queued', true]);
  });

  test('for unknown, ended and foreign tasks change nothing: −32001 with an id, silence without', async () => {
    const [bot, other] = [await aBot(), await aBot({ name: 'other', skills: [] })];
    const ended = await submit();
    await bot.complete(ended, { text: 'first' });
    const foreign = await submit();
    for (const [who, id] of [
      [bot, `t-${'0'.repeat(32)}`],
      [bot, 'nonsense'],
      [bot, ended],
      [other, foreign],
    ] as const)
      for (const status of ['running', 'completed', 'failed']) {
        const fields = { status, artifact: { text: 'second' }, error: 'x' };
        who.notify(id, fields);
        expect((await who.report(id, fields)).error).toMatchObject({
          code: -32001,
          data: { reason: 'TASK_NOT_FOUND' },
        });
      }
    expect(await http.task(ended)).toMatchObject({ status: 'completed', artifact: { text: 'first' } });
    expect(await http.status(foreign)).toBe('queued');
    expect(other.received.filter(({ frame }) => frame.id === null || frame.method !== undefined)).toEqual([]);
  });

  test('the answer to tasks/send is an acknowledgement; an error as the answer fails the task', async () => {
    const bot = await aBot();
    const [good, bad] = [await submit(), await submit()];
    await bot.expectTask(bad);
    bot.send({ jsonrpc: '2.0', id: good, result: { accepted: true } });
    bot.send({ jsonrpc: '2.0', id: bad, error: { code: -32000, message: 'I cannot do that' } });
    expect(await http.untilStatus(bad, 'failed')).toMatchObject({
      error: 'I cannot do that',
      error_code: 'AGENT_FAILED',
    });
    expect(await http.status(good)).toBe('queued');
    await bot.complete(good);
  });

  test('a result that comes after the timeout is kept, and changes nothing else', async () => {
    const bot = await aBot();
    const id = await submit({ timeout_s: 0.3 });
    await bot.report(id, { status: 'running' });
    await http.untilStatus(id, 'failed');
    const before = await http.task(id);
    expect((await bot.report(id, { status: 'completed', artifact: { text: 'late' } })).error?.code).toBe(
      -32001,
    );
    expect(await http.task(id)).toEqual({
      ...before,
      late_result: { status: 'completed', artifact: { text: 'late' }, at: aString },
    });
    expect((await (await http.stream(id)).toEnd()).map(({ event }) => event)).toEqual([
      'queued',
      'running',
      'failed',
    ]);
  });

  test('each sign of life moves the deadline; `timeout_s` is the silence that is allowed', async () => {
    const bot = await aBot();
    const id = await submit({ timeout_s: 0.5 });
    const end = performance.now() + 1_200;
    while (performance.now() < end) {
      await bot.report(id, { status: 'running' });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await bot.complete(id);
    expect((await (await http.stream(id)).toEnd()).map(({ event }) => event)).toEqual([
      'queued',
      'running',
      'completed',
    ]);
  });
});

describe('artifacts in chunks', () => {
  test('text is concatenated, parts are appended, the stream shows each', async () => {
    const bot = await aBot();
    const id = await submit();
    const stream = await http.stream(id);
    await bot.report(id, {
      status: 'running',
      artifact: { text: 'Hel', parts: [{ type: 'text', text: 'a' }] },
      append: true,
    });
    await bot.report(id, {
      status: 'running',
      artifact: { text: 'lo', parts: [{ type: 'text', text: 'b' }], name: 'x' },
      append: true,
      last_chunk: true,
    });
    await bot.report(id, { status: 'completed' });
    const whole = {
      text: 'Hello',
      parts: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      name: 'x',
    };
    expect(await http.task(id)).toMatchObject({ status: 'completed', artifact: whole });
    const events = await stream.toEnd();
    expect(
      events.map(({ event, data }) => [
        event,
        data['last_chunk'],
        (data['artifact'] as Fields | undefined)?.['text'],
      ]),
    ).toEqual([
      ['queued', undefined, undefined],
      ['artifact', false, 'Hel'],
      ['artifact', true, 'lo'],
      ['completed', undefined, 'Hello'],
    ]);
  });

  test('the last chunk may come with `completed`; a whole artifact there replaces them', async () => {
    const bot = await aBot();
    const [grown, replaced] = [await submit(), await submit()];
    for (const id of [grown, replaced])
      await bot.report(id, { status: 'running', artifact: { text: 'a' }, append: true });
    await bot.report(grown, { status: 'completed', artifact: { text: 'b' }, append: true });
    await bot.report(replaced, { status: 'completed', artifact: { text: 'c' } });
    expect(await http.task(grown)).toMatchObject({ artifact: { text: 'ab' } });
    expect(await http.task(replaced)).toMatchObject({ artifact: { text: 'c' } });
  });

  test('2,000 chunks cost four times what 500 cost, not sixteen times', async () => {
    const bot = await aBot();
    const seconds = async (chunks: number): Promise<number> => {
      const id = await submit({ timeout_s: 60 });
      const begin = performance.now();
      for (let n = 1; n < chunks; n++)
        bot.notify(id, { status: 'running', artifact: { text: `${n},`.padEnd(200) }, append: true });
      await bot.report(
        id,
        { status: 'running', artifact: { text: 'end' }, append: true, last_chunk: true },
        20_000,
      );
      const took = performance.now() - begin;
      await bot.report(id, { status: 'completed' });
      const { artifact } = (await http.task(id)) as { artifact: { text: string } };
      expect(artifact.text).toHaveLength(200 * (chunks - 1) + 3);
      return took;
    };
    const few = Math.min(await seconds(500), await seconds(500), await seconds(500));
    const many = Math.min(await seconds(2_000), await seconds(2_000));
    // 4 when linear, 16 when quadratic; 8 lies halfway on a scale of factors.
    expect(many / few).toBeLessThan(8);
  });
});

describe('JSON-RPC on the socket', () => {
  test('bad JSON, unknown methods and malformed messages are answered; the socket stays', async () => {
    const bot = await aBot();
    bot.send('{');
    expect(await bot.expectFrame(({ error }) => error?.code === -32700)).toMatchObject({ id: null });
    expect((await bot.call('tasks/steal', {})).error).toMatchObject({ code: -32601 });
    bot.send({ jsonrpc: '1.0', method: 'tasks/status', id: 5 });
    expect(await bot.expectFrame(({ id }) => id === 5)).toMatchObject({ error: { code: -32600 } });
    bot.send([]);
    bot.send(Buffer.from('null').toString());
    expect(bot.isOpen).toBe(true);
    expect((await bot.call('x-agent/pong', {})).result).toEqual({});
  });

  test('a notification is never answered, whatever it says', async () => {
    const bot = await aBot();
    const before = bot.received.length;
    bot.send({ jsonrpc: '2.0', method: 'tasks/steal' });
    bot.send({ jsonrpc: '2.0', method: 'tasks/status', params: { id: 'x', status: 'odd' } });
    bot.send({ jsonrpc: '2.0', method: 'x-agent/pong' });
    bot.send({ jsonrpc: '2.0', id: 'nobody asked', result: {} });
    await bot.call('x-agent/pong', {}); // frames are handled in order
    expect(bot.received.length).toBe(before + 1);
  });
});
