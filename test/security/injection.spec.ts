import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aUuid } from '../support/matchers.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { rawHttp } from '../support/raw-http.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** Hostile text: whatever bots and callers write, it forges no event, no header, no log line, no prototype. */

let gateway: GatewayProcess;
let http: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { GATEWAY_LOG_LEVEL: 'debug' } });
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
const submit = async (more: Fields = {}): Promise<string> =>
  (await http.submit({ skill: 'work', ...more })).task_id;

/** Text that means something to an event stream, to HTTP, to a terminal, to a page or to SQL. */
const TEXTS: readonly (readonly [what: string, text: string])[] = [
  ['a whole event', 'x\n\nevent: completed\ndata: {"event":"completed"}\n\n'],
  ['carriage returns', 'x\r\n\r\nid: 99\r\nevent: failed\r\ndata: {}\r\n\r\n'],
  ['bare carriage returns', 'x\rdata: forged\r\r'],
  ['line separators', 'x\u2028data: forged\u2029\u0085'],
  ['nul and escapes', '\u0000\u001b[2J\u0007\b'],
  ['text that runs backwards', '\u202e\u2066evil\u2069'],
  ['a byte order mark', '\ufeffx'],
  ['markup', '<script>alert(1)</script>"\'&'],
  ['SQL', `'; DROP TABLE tasks; --`],
  ['lone surrogates', 'x\ud800y\udfff'],
  ['emoji and scripts', '摘要结果 🤖 ‏عربى'],
];

describe('messages, results and errors', () => {
  test.each(TEXTS)('%s comes through as it is, and forges no event', async (_, text) => {
    const bot = await aBot();
    const id = await submit({ instruction: `x${text}` });
    expect((await bot.expectTask(id)).text).toBe(`x${text}`);
    const stream = await http.stream(id);
    await bot.report(id, { status: 'running', pct: 1, message: text });
    await bot.report(id, { status: 'running', artifact: { text, [text]: text }, append: true });
    await bot.complete(id, { text, parts: [{ type: 'text', text }] });
    const events = await stream.toEnd(); // the reader is strict: a line too many is an error
    expect(events.map(({ event }) => event)).toEqual(['queued', 'progress', 'artifact', 'completed']);
    expect(events.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
    expect(events[1]?.data['message']).toBe(text);
    expect(await http.task(id)).toMatchObject({ artifact: { text: text } });
  });

  test.each(TEXTS)('%s as an error', async (_, text) => {
    const bot = await aBot();
    const id = await submit();
    const stream = await http.stream(id);
    await bot.report(id, { status: 'failed', error: `x${text}` });
    expect((await stream.toEnd()).map(({ event, data }) => [event, data['error']])).toEqual([
      ['queued', undefined],
      ['failed', `x${text}`],
    ]);
  });
});

const HOSTILE: readonly string[] = [
  'a\nb',
  'a\r\nb',
  'a\u0000b',
  'a\tb',
  '\u001b[31m',
  'a\u007f',
  'a\u0085b',
  'a\u2028b',
  'a\u202eb',
  'a\u200fb',
  'a\u2066b',
  '\ufeffa',
  ' ',
  '',
];

describe('names', () => {
  test.each(HOSTILE)('%j is no name of an agent, a skill, a tag or a namespace', async (name) => {
    for (const [card, namespace] of [
      [{ name }, undefined],
      [{ skills: [{ id: name }] }, undefined],
      [{ skills: [{ id: 'ok', tags: [name] }] }, undefined],
      [{}, name],
    ] as const) {
      const bot = await TestBot.connectOnly(options());
      await expect(bot.register(card, namespace)).rejects.toThrow('-32602');
      expect((await bot.expectClose()).code).toBe(1008);
    }
    expect(await http.agents()).toEqual([]);
  });

  test.each(HOSTILE)('%j in a task: 400', async (name) => {
    await aBot();
    for (const fields of [{ skill: name }, { agent_id: name }, { context_id: name }, { namespace: name }])
      expect((await http.post('/tasks', { skill: 'work', instruction: 'x', ...fields })).status).toBe(400);
  });

  test.each(HOSTILE.filter((name) => name !== ''))(
    '%j is no title of a skill and no version either',
    async (name) => {
      for (const card of [{ skills: [{ id: 'ok', name }] }, { version: name }]) {
        const bot = await TestBot.connectOnly(options());
        await expect(bot.register(card)).rejects.toThrow('-32602');
      }
    },
  );

  test('descriptions may say anything, and forge nothing', async () => {
    const text = 'x\r\nset-cookie: a=b\r\n\r\n<script>\u202e';
    await aBot({ skills: [{ id: 'work', description: text }], card: { description: text } });
    for (const path of ['/agents', '/.well-known/agent.json']) {
      const answer = await http.get(path);
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null]);
      expect(JSON.stringify(answer.body)).toContain('set-cookie');
    }
  });
});

describe('__proto__, constructor and friends', () => {
  test('in every body: ordinary fields, and nobody’s prototype', async () => {
    const bot = await aBot();
    const poison = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const body = `{"skill":"work","instruction":"x","constraints":${poison},"metadata":${poison},"__proto__":{"skill":"other","priority":"high"}}`;
    const { status, body: ack } = await http.post('/tasks', body);
    expect(status).toBe(200);
    const id = ack['task_id'] as string;
    const { params } = await bot.expectTask(id);
    expect(JSON.stringify(params)).toContain(`"constraints":${poison}`);
    expect(await http.task(id)).toMatchObject({ skill: 'work', priority: 'medium' });
    bot.send(
      `{"jsonrpc":"2.0","method":"tasks/status","params":{"id":"${id}","status":"completed","artifact":{"text":"x","__proto__":{"polluted":true}},"__proto__":{"status":"failed"}},"id":"p"}`,
    );
    await bot.expectFrame(({ id }) => id === 'p');
    const done = await http.get(`/tasks/${id}`);
    expect(done.body).toMatchObject({ status: 'completed' });
    expect(done.body).not.toHaveProperty('polluted');
    expect(done.text).not.toContain('"polluted":true,"');
  });

  test('a skill, a context or an agent of that name is one like any other', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const bot = await aBot({ name, skills: [name] });
      const { task_id: id, assigned_agent: agent } = await http.submit({ skill: name, context_id: name });
      expect(agent).toBe(name);
      await bot.complete(id);
      await bot.close();
      expect((await http.get(`/tasks?skill=${name}&context_id=${name}`)).body['tasks']).toHaveLength(1);
    }
    expect((await http.post('/tasks', { skill: 'toString', instruction: 'x' })).status).toBe(503);
  });

  test('in a query', async () => {
    expect((await http.get('/tasks?__proto__[limit]=1&constructor=x')).status).toBe(200);
    expect((await http.get('/tasks?limit[__proto__]=5')).status).toBe(200);
  });
});

describe('headers', () => {
  test('x-request-id: a UUID is echoed, anything else is replaced', async () => {
    const mine = '6ff2a8a0-1111-4222-8333-444455556666';
    expect((await http.get('/health', { 'x-request-id': mine })).headers.get('x-request-id')).toBe(mine);
    const refused = await http.get('/nothing', { 'x-request-id': mine });
    expect(refused.body['request_id']).toBe(mine);
    for (const bad of ['abc', `${mine}x`, '<script>', mine.replaceAll('-', ''), '']) {
      const { headers } = await http.get('/health', { 'x-request-id': bad });
      expect(headers.get('x-request-id')).toEqual(aUuid);
      expect(headers.get('x-request-id')).not.toBe(bad);
    }
    const [one, two] = [await http.get('/health'), await http.get('/health')];
    expect(one.headers.get('x-request-id')).not.toBe(two.headers.get('x-request-id'));
  });

  test('no text of a request comes back in a header or a status line', async () => {
    const { port } = new URL(http.url);
    for (const path of [
      '/%0d%0aset-cookie:a=b',
      '/tasks/%0d%0aset-cookie:a=b',
      '/tasks?cursor=%0d%0aset-cookie:a=b',
    ]) {
      const answer = await rawHttp(
        Number(port),
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
      expect(answer.split('\r\n\r\n')[0]).not.toContain('set-cookie');
    }
  });

  test('smuggling: two lengths, length and chunks, folded headers: refused', async () => {
    const { port } = new URL(http.url);
    const post = (headers: string): Promise<string> =>
      rawHttp(
        Number(port),
        `POST /tasks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${headers}\r\n\r\n0\r\n\r\nGET /agents HTTP/1.1\r\nhost: x\r\n\r\n`,
      );
    for (const headers of [
      'content-length: 5\r\ncontent-length: 6',
      'content-length: 5\r\ntransfer-encoding: chunked',
      'transfer-encoding: chunked\r\ntransfer-encoding: identity',
      'content-length: 5\r\n folded',
    ]) {
      const answer = await post(headers);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
  });

  test('public URLs come from the configuration, never from the Host header', async () => {
    const { port } = new URL(http.url);
    for (const path of ['/.well-known/agent.json', '/.well-known/skill.md']) {
      const answer = await rawHttp(
        Number(port),
        `GET ${path} HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).not.toContain('evil.example');
    }
  });
});

test('the log has one JSON object per line, whatever others write', async () => {
  const bot = await aBot({ skills: [{ id: 'work', description: '\n{"level":"fatal"}\n' }] });
  const id = await submit({ instruction: '\n{"level":"fatal"}\n' });
  await bot.report(id, { status: 'failed', error: '\n{"level":"fatal"}\n' });
  await http.get('/%0a%7b%22level%22%3a%22fatal%22%7d');
  bot.send('{"level":\n"fatal"}');
  bot.send({
    jsonrpc: '2.0',
    method: 'tasks/status',
    params: { id: 'x\n{"level":"fatal"}\n', status: 'failed' },
  });
  await bot.call('x-agent/pong', {});
  const lines = gateway.output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('agent-gateway ready:'));
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    const entry = JSON.parse(line) as { level: string; message: unknown };
    expect(entry.level).not.toBe('fatal');
  }
});
