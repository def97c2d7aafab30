import { spawn } from 'node:child_process';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aNumber, aString, aTaskId, aTime, holding, like } from '../support/matchers.js';
import { Orchestrator } from '../support/orchestrator.js';
import { TestBot, closeAllBots, silent, type Frame } from '../support/test-bot.js';

/** The seed's own examples, letter for letter, against the built server. */

const REGISTER =
  '{"jsonrpc":"2.0","method":"x-agent/register","params":{"card":{"name":"nanobot-text-001","version":"1.0.0","skills":[{"id":"summarize","name":"Text Summarization"},{"id":"translate","name":"Translation"}],"max_concurrency":3},"namespace":"production"}}';
const BOT = 'nanobot-text-001';
const TASK = '{"skill":"summarize","instruction":"请摘要:AI正在改变世界..."}';

let gateway: GatewayProcess;
let http: Orchestrator;
let bot: TestBot;

beforeAll(async () => {
  // A port of its own choice would not be in skill.md.
  gateway = await GatewayProcess.start({ botPort: await freePort() });
  http = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
  await eventually(async () => (await http.agents()).length === 0);
});

/** The seed's bot: registers by a notification, so nothing answers. */
async function seedBot(): Promise<TestBot> {
  bot = await TestBot.connectOnly({ url: gateway.botUrl, name: BOT, behaviour: silent });
  bot.send(REGISTER);
  await eventually(async () => (await http.agent(BOT)) !== undefined, { timeoutMs: 1_000 });
  return bot;
}

async function submitSeedTask(): Promise<string> {
  const { status, body } = await http.post('/tasks', TASK);
  expect(status).toBe(200);
  return body['task_id'] as string;
}

/** A frame of the bot, as the seed writes it. */
const status = (params: object): string => JSON.stringify({ jsonrpc: '2.0', method: 'tasks/status', params });

describe('health', () => {
  test('B001: on the listener for orchestrators', async () => {
    const { status, headers, body } = await http.get('/health');
    expect([status, headers.get('content-type'), body]).toEqual([
      200,
      'application/json; charset=utf-8',
      { status: 'ok', version: like(/^\d+\.\d+\.\d+/), uptime_seconds: aNumber },
    ]);
  });

  test('B002: on the listener for bots', async () => {
    const bots = new Orchestrator(gateway.botUrl.replace(/^ws/, 'http').replace('/agent/register', ''));
    const { status, headers, body } = await bots.get('/health');
    expect([status, headers.get('content-type'), body['status']]).toEqual([
      200,
      'application/json; charset=utf-8',
      'ok',
    ]);
    for (const path of ['/health/live', '/health/ready'])
      expect((await bots.get(path)).body).toMatchObject({ status: 'ok' });
    const unknown = await bots.get('/tasks');
    expect([unknown.status, Object.keys(unknown.body).sort()]).toEqual([
      404,
      ['code', 'detail', 'error', 'request_id'],
    ]);
  });

  test('/health/live and /health/ready', async () => {
    expect((await http.get('/health/live')).body).toEqual({ status: 'ok' });
    expect((await http.get('/health/ready')).body).toMatchObject({
      status: 'ok',
      components: { storage: { status: 'ok' } },
    });
  });
});

describe('a bot registers', () => {
  test('B003, B009: it is on the list within a second, with card and load; nothing answers a notification', async () => {
    await seedBot();
    const { status, body } = await http.get('/agents');
    expect([status, body]).toEqual([
      200,
      {
        total: 1,
        agents: [
          {
            id: BOT,
            name: BOT,
            version: '1.0.0',
            description: '',
            namespace: 'production',
            kind: 'bot',
            skills: [
              { id: 'summarize', name: 'Text Summarization', description: '', tags: [] },
              { id: 'translate', name: 'Translation', description: '', tags: [] },
            ],
            load: 0,
            max_concurrency: 3,
            status: 'online',
            connected_at: aTime,
            last_seen: aTime,
          },
        ],
      },
    ]);
    expect([bot.isOpen, bot.received]).toEqual([true, []]);
  });

  test('B004: its skills are on the aggregated card', async () => {
    await seedBot();
    const { status, body } = await http.get('/.well-known/agent.json');
    expect([status, body['skills']]).toEqual([
      200,
      [
        { id: 'summarize', name: 'Text Summarization', description: '', tags: [] },
        { id: 'translate', name: 'Translation', description: '', tags: [] },
      ],
    ]);
  });

  test('B004: a skill that two bots offer is there once', async () => {
    await seedBot();
    await TestBot.connect({ url: gateway.botUrl, name: 'second', skills: ['summarize', 'draw'] });
    const { body } = await http.get('/.well-known/agent.json');
    expect((body['skills'] as { id: string }[]).map(({ id }) => id).sort()).toEqual([
      'draw',
      'summarize',
      'translate',
    ]);
  });

  test('B007: it goes, and its skills with it', async () => {
    await seedBot();
    await bot.close();
    await eventually(
      async () =>
        (await http.agents()).length === 0 &&
        ((await http.get('/.well-known/agent.json')).body['skills'] as unknown[]).length === 0,
      { timeoutMs: 1_000 },
    );
  });

  test('B008: skill.md teaches the protocol', async () => {
    const { status, headers, text } = await http.get('/.well-known/skill.md');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/markdown; charset=utf-8']);
    for (const word of ['x-agent/register', 'x-agent/ping', 'tasks/send', 'tasks/status', 'tasks/cancel'])
      expect(text).toContain(word);
    // The addresses are those of this gateway, so that a reader can begin at once.
    expect(text).toContain(gateway.httpUrl);
    expect(text).toContain(gateway.botUrl);
  });

  test('B008: the bot in skill.md runs as it stands', async () => {
    const { text } = await http.get('/.well-known/skill.md');
    const source = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const bot = spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: 'ignore' });
    try {
      await eventually(async () => (await http.agent('my-bot')) !== undefined);
      const { task_id: id } = await http.submit({ skill: 'echo', instruction: 'hello' });
      expect(await http.untilStatus(id, 'completed')).toMatchObject({ artifact: { text: 'echo: hello' } });
    } finally {
      bot.kill();
    }
  });
});

describe('a task', () => {
  test('B030, B129: is acknowledged with 200, without any namespace', async () => {
    await seedBot();
    const { status, text } = await http.post('/tasks', TASK);
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { task_id: aTaskId, status: 'queued', assigned_agent: BOT },
    ]);
  });

  test('B031: reaches the bot within a second, letter for letter', async () => {
    await seedBot();
    const id = await submitSeedTask();
    const frame = await bot.expectFrame(({ method }) => method === 'tasks/send', 1_000);
    expect(JSON.stringify(frame)).toBe(
      `{"jsonrpc":"2.0","method":"tasks/send","params":{"id":"${id}","message":{"role":"user","parts":[{"type":"text","text":"请摘要:AI正在改变世界..."}]},"metadata":{"skill":"summarize","constraints":{}}},"id":"${id}"}`,
    );
  });

  test('B032: its constraints go along', async () => {
    await seedBot();
    await http.submit({ skill: 'summarize', constraints: { max_words: 50 }, metadata: { trace: 'x' } });
    const { params } = await bot.expectTask();
    expect(params).toMatchObject({
      metadata: { skill: 'summarize', constraints: { max_words: 50 }, trace: 'x' },
    });
  });

  test('B043, B044: its states, and its result', async () => {
    await seedBot();
    const id = await submitSeedTask();
    expect(await http.task(id)).toMatchObject({ task_id: id, status: 'queued', assigned_agent: BOT });
    await bot.expectTask(id);
    bot.send(status({ id, status: 'running' }));
    await http.untilStatus(id, 'running');
    bot.send(
      `{"jsonrpc":"2.0","method":"tasks/status","params":{"id":"${id}","status":"completed","artifact":{"text":"摘要结果..."}}}`,
    );
    expect(await http.untilStatus(id, 'completed')).toEqual({
      task_id: id,
      status: 'completed',
      skill: 'summarize',
      assigned_agent: BOT,
      namespace: aString,
      priority: 'medium',
      attempt: 1,
      artifact: { text: '摘要结果...' },
      routing: holding({ chosen: BOT, candidates: 1, available: 1, load: 0 }),
      created_at: aTime,
      updated_at: aTime,
      ended_at: aTime,
    });
  });

  test('B041: is in the load of its agent as long as it is open', async () => {
    await seedBot();
    const load = async (): Promise<number | undefined> => (await http.agent(BOT))?.load;
    expect(await load()).toBe(0);
    const id = await submitSeedTask();
    expect(await load()).toBe(1);
    await bot.complete(id);
    expect(await load()).toBe(0);
  });

  test('B046: fails as its bot says', async () => {
    await seedBot();
    const id = await submitSeedTask();
    bot.send(status({ id, status: 'running' }));
    bot.send(status({ id, status: 'failed', error: 'boom' }));
    expect(await http.untilStatus(id, 'failed')).toMatchObject({ error: 'boom', error_code: 'AGENT_FAILED' });
  });

  test('GET of the record shows progress while it runs', async () => {
    await seedBot();
    const id = await submitSeedTask();
    await bot.report(id, { status: 'running', pct: 50, message: 'processing...' });
    expect(await http.task(id)).toMatchObject({
      status: 'running',
      progress: { pct: 50, message: 'processing...' },
    });
  });
});

describe('its stream', () => {
  test.each([
    ['B060', 50],
    ['B061', 30],
  ])('%s: is the seed’s example, letter for letter', async (_, pct) => {
    await seedBot();
    const id = await submitSeedTask();
    const stream = await http.stream(id);
    await stream.until('queued');
    bot.send(status({ id, status: 'running', pct, message: 'processing...' }));
    bot.send(status({ id, status: 'completed', artifact: { text: '摘要结果...' } }));
    const events = await stream.toEnd();
    expect(events.map(({ event, raw }) => [event, raw])).toEqual([
      ['queued', `{"event":"queued","task_id":"${id}","agent_id":"nanobot-text-001"}`],
      ['progress', `{"event":"progress","task_id":"${id}","pct":${pct},"message":"processing..."}`],
      ['completed', `{"event":"completed","task_id":"${id}","artifact":{"text":"摘要结果..."}}`],
    ]);
  });

  test('B062: its headers, and its first byte before the task ends', async () => {
    await seedBot();
    const id = await submitSeedTask();
    const stream = await http.stream(id);
    expect(stream.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(stream.response.headers.get('cache-control')).toContain('no-cache');
    await stream.until(1);
    expect([stream.ended, await http.status(id)]).toEqual([undefined, 'queued']);
    stream.close();
  });

  test('B063, B064: running without pct is an event, failed ends the stream', async () => {
    await seedBot();
    const id = await submitSeedTask();
    const stream = await http.stream(id);
    await bot.expectTask(id);
    bot.send(status({ id, status: 'running' }));
    await stream.until('running');
    bot.send(status({ id, status: 'failed', error: 'boom' }));
    expect((await stream.toEnd()).map(({ raw }) => raw)).toEqual([
      `{"event":"queued","task_id":"${id}","agent_id":"nanobot-text-001"}`,
      `{"event":"running","task_id":"${id}"}`,
      `{"event":"failed","task_id":"${id}","error":"boom"}`,
    ]);
  });

  test('B065, B101: cancel reaches the stream and the bot, and frees the slot', async () => {
    await seedBot();
    const id = await submitSeedTask();
    const stream = await http.stream(id);
    await bot.expectTask(id);
    expect((await http.cancel(id)).status).toBe(200);
    expect((await stream.toEnd()).at(-1)?.raw).toBe(`{"event":"canceled","task_id":"${id}"}`);
    const frame: Frame = await bot.expectFrame(({ method }) => method === 'tasks/cancel');
    expect(frame).toMatchObject({ jsonrpc: '2.0', method: 'tasks/cancel', params: { id } });
    expect((await http.agent(BOT))?.load).toBe(0);
    expect(await http.status(id)).toBe('canceled');
  });
});

describe('JSON-RPC', () => {
  test('B080: tasks/send as in the seed', async () => {
    await seedBot();
    const { status, text } = await http.post(
      '/jsonrpc',
      '{"jsonrpc":"2.0","method":"tasks/send","params":{"skill":"translate","instruction":"Translate: 今天天气真好"},"id":"req-001"}',
    );
    expect([status, JSON.parse(text)]).toEqual([
      200,
      {
        jsonrpc: '2.0',
        id: 'req-001',
        result: { task_id: aTaskId, status: 'queued', assigned_agent: BOT },
      },
    ]);
    expect((await bot.expectTask()).text).toBe('Translate: 今天天气真好');
  });

  test('B081: tasks/get under every name of the id says what GET says', async () => {
    await seedBot();
    const id = await submitSeedTask();
    const rest = await http.task(id);
    for (const params of [{ id }, { task_id: id }, { taskId: id }])
      expect((await http.rpc('tasks/get', params)).body).toEqual({ jsonrpc: '2.0', id: 1, result: rest });
  });

  test('B082: agents/list, with and without params', async () => {
    await seedBot();
    for (const params of [{}, undefined])
      expect((await http.rpc('agents/list', params)).body['result']).toMatchObject({
        agents: [{ name: BOT, load: 0 }],
        total: 1,
      });
  });

  test.each(['id', 'task_id', 'taskId'])('B083: tasks/cancel by %s', async (name) => {
    await seedBot();
    const id = await submitSeedTask();
    const { body } = await http.rpc('tasks/cancel', { [name]: id });
    expect(body['result']).toMatchObject({ task_id: id, status: 'canceled' });
    await bot.expectCancel(id);
  });
});
