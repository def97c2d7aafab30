import { AgentCard } from '@a2a-js/sdk';
import { randomUUID } from 'node:crypto';
import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** The gateway as an A2A agent over JSON-RPC: 1.0, 0.3 and the adk family, by hand. */

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
  TestBot.connect({
    url: gateway.botUrl,
    name: 'nanobot-text-001',
    skills: ['summarize', 'translate'],
    ...more,
  });

interface Envelope {
  readonly id: unknown;
  readonly result?: Fields;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

const V1 = { 'a2a-version': '1.0' };
const envelope = (answer: Answer): Envelope => JSON.parse(answer.text) as Envelope;

async function rpc(
  method: string,
  params: unknown,
  headers: Record<string, string> = {},
  path = '/a2a',
): Promise<Envelope> {
  const answer = await http.request('POST', path, { jsonrpc: '2.0', method, params, id: 1 }, headers);
  expect(answer.status).toBe(200);
  return envelope(answer);
}

const message03 = (more: object = {}) => ({
  role: 'user',
  messageId: randomUUID(),
  parts: [{ text: 'Hello!' }],
  ...more,
});
const message10 = (more: object = {}) => ({
  role: 'ROLE_USER',
  messageId: randomUUID(),
  parts: [{ text: 'Hello!' }],
  ...more,
});

/** The envelopes of an event stream. */
function events(text: string): { id: string | undefined; data: Envelope }[] {
  return text
    .split('\n\n')
    .map((block) => ({ id: /^id: (.*)$/m.exec(block)?.[1], data: /^data: (.+)$/m.exec(block)?.[1] }))
    .flatMap(({ id, data }) => (data === undefined ? [] : [{ id, data: JSON.parse(data) as Envelope }]));
}

async function stream(method: string, params: unknown, headers: Record<string, string> = {}, path = '/a2a') {
  const answer = await http.request('POST', path, { jsonrpc: '2.0', method, params, id: 7 }, headers);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  return { text: answer.text, events: events(answer.text) };
}

describe('cards', () => {
  test('A001: agent.json', async () => {
    await aBot();
    const { body } = await http.get('/.well-known/agent.json');
    expect(body).toMatchObject({
      url: expect.stringMatching(/\/a2a$/) as unknown,
      capabilities: { streaming: true },
    });
    for (const skill of body['skills'] as Fields[])
      expect(Object.keys(skill)).toEqual(expect.arrayContaining(['id', 'name', 'description', 'tags']));
  });

  test('V008: the card has an ETag, which a new bot changes', async () => {
    const first = await http.get('/.well-known/agent-card.json');
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('vary')).toContain('A2A-Version');
    expect((await http.get('/.well-known/agent-card.json', { 'if-none-match': etag })).status).toBe(304);
    await aBot();
    const again = await http.get('/.well-known/agent-card.json', { 'if-none-match': etag });
    expect(again.status).toBe(200);
    expect(again.headers.get('etag')).not.toBe(etag);
  });

  test('the SDK reads the cards of the gateway, of a skill and of an agent', async () => {
    await aBot();
    for (const [path, url] of [
      ['', '/a2a'],
      ['/a2a/skills/translate', '/a2a/skills/translate'],
      ['/a2a/agents/nanobot-text-001', '/a2a/agents/nanobot-text-001'],
    ] as const) {
      const card = AgentCard.fromJSON((await http.get(`${path}/.well-known/agent-card.json`)).body);
      const at = gateway.httpUrl + url;
      expect(
        card.supportedInterfaces.map((one) => [one.url, one.protocolBinding, one.protocolVersion]),
      ).toEqual([
        [at, 'JSONRPC', '1.0'],
        [at, 'HTTP+JSON', '1.0'],
        [at, 'JSONRPC', '0.3'],
        [at, 'HTTP+JSON', '0.3'],
      ]);
      expect(card.skills.length).toBeGreaterThan(0);
    }
    expect((await http.get('/a2a/skills/nobody/.well-known/agent-card.json')).status).toBe(404);
  });
});

describe('0.3 and the adk family', () => {
  test('A003, A004: message/send is answered when the agent has finished', async () => {
    await aBot();
    const { id, result } = await rpc('message/send', { message: { ...message03(), messageId: 'msg-123' } });
    expect(id).toBe(1);
    expect(result).toMatchObject({
      status: { state: 'completed' },
      contextId: expect.any(String) as unknown,
    });
    expect((result!['artifacts'] as Fields[])[0]).toMatchObject({
      artifactId: expect.any(String) as unknown,
      parts: [{ text: expect.any(String) as unknown }],
    });
    expect((result!['status'] as Fields)['message']).toBeUndefined();
  });

  test.each<[string, unknown, number]>([
    ['A005', { jsonrpc: '1.0', method: 'message/send', params: {}, id: 1 }, -32600],
    ['A006', { jsonrpc: '2.0', method: 'unknown/method', params: {}, id: 1 }, -32601],
    ['A007: no params', { jsonrpc: '2.0', method: 'message/send', id: 1 }, -32602],
    [
      'A007: no messageId',
      {
        jsonrpc: '2.0',
        method: 'message/send',
        params: { message: { role: 'user', parts: [{ text: 'x' }] } },
        id: 1,
      },
      -32602,
    ],
    [
      'A007: a robot',
      { jsonrpc: '2.0', method: 'message/send', params: { message: message03({ role: 'robot' }) }, id: 1 },
      -32602,
    ],
    ['a batch', [{ jsonrpc: '2.0', method: 'tasks/get', params: { id: 'x' }, id: 1 }], -32600],
    ['no JSON', '{', -32700],
  ])('%s', async (_, body, code) => {
    const answer = await http.request('POST', '/a2a', body, { 'content-type': 'application/json' });
    expect([answer.status, envelope(answer).error?.code]).toEqual([200, code]);
  });

  test('A032: another content type is 415', async () => {
    expect((await http.request('POST', '/a2a', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  test('A008, A009: /a2a/stream in adk’s shape; A011: message/send streams there as well', async () => {
    const bot = await aBot({ behaviour: silent });
    for (const method of ['message/stream', 'message/send']) {
      const sent = stream(method, { message: message03() }, {}, '/a2a/stream');
      const { params } = await bot.expectFrame(
        (frame) => frame.method === 'tasks/send',
        undefined,
        bot.received.length,
      );
      const id = String(params!['id']);
      await bot.report(id, { status: 'running', artifact: { text: 'Hel' }, append: true });
      await bot.report(id, { status: 'running', artifact: { text: 'lo' }, append: true, last_chunk: true });
      await bot.report(id, { status: 'completed' });
      const { text, events: all } = await sent;
      expect(text.trimEnd().endsWith('event: done\ndata:')).toBe(true);
      const results = all.map(({ data }) => data.result!);
      expect(
        results.map((result) => (result['status'] as Fields | undefined)?.['state'] ?? 'artifact'),
      ).toEqual(['submitted', 'working', 'artifact', 'artifact', 'completed']);
      expect(results.at(-1)).toMatchObject({ finalUpdate: true, final: true });
      const pieces = results.filter((result) => 'artifact' in result);
      expect(pieces).toMatchObject([
        { append: false, lastChunk: false, artifact: { parts: [{ text: 'Hel' }] } },
        { append: true, lastChunk: true, artifact: { parts: [{ text: 'lo' }] } },
      ]);
      expect(new Set(pieces.map((piece) => (piece['artifact'] as Fields)['artifactId'])).size).toBe(1);
    }
  });

  test.each<[object, number]>([
    [{ jsonrpc: '1.0', method: 'message/stream', id: 1 }, -32600],
    [{ jsonrpc: '2.0', method: 'tasks/get', params: {}, id: 1 }, -32601],
    [{ jsonrpc: '2.0', method: 'message/stream', id: 1 }, -32602],
    [{ jsonrpc: '2.0', method: 'message/stream', params: { message: 1 }, id: 1 }, -32602],
  ])('A012: /a2a/stream refuses %j with 400', async (body, code) => {
    const answer = await http.request('POST', '/a2a/stream', body);
    expect([answer.status, envelope(answer).error?.code]).toEqual([400, code]);
  });

  test('A014, A018: get and cancel by taskId; the bot is told', async () => {
    const bot = await aBot({ behaviour: silent });
    const sent = rpc('message/send', { message: message03(), configuration: { blocking: false } });
    const id = String((await sent).result!['id']);
    await bot.report(id, { status: 'running' });
    expect((await rpc('tasks/get', { taskId: id })).result).toMatchObject({ status: { state: 'working' } });
    expect((await rpc('tasks/cancel', { taskId: id })).result).toMatchObject({
      status: { state: 'canceled' },
    });
    await bot.expectFrame(({ method }) => method === 'tasks/cancel');
    expect((await rpc('tasks/cancel', { taskId: id })).result).toMatchObject({
      status: { state: 'canceled' },
    });
    expect((await rpc('tasks/get', { taskId: 'nope' })).error?.code).toBe(-32001);
  });

  test('A033: the caller’s context is kept; parts of every kind reach the bot', async () => {
    const bot = await aBot();
    const parts = [
      { kind: 'text', text: 'look at these' },
      { kind: 'file', file: { name: 'a.txt', mimeType: 'text/plain', bytes: 'aGk=' } },
      { kind: 'file', file: { uri: 'https://example.com/b', name: 'b', mimeType: 'image/png' } },
      { kind: 'data', data: { n: [1] } },
    ];
    for (let i = 0; i < 2; i++) {
      const { result } = await rpc('message/send', {
        message: message03({ contextId: 'c1', parts, metadata: { skill: 'translate', mine: 1 } }),
      });
      expect(result).toMatchObject({ contextId: 'c1', history: [{ parts }] });
    }
    const { params } = await bot.expectFrame(({ method }) => method === 'tasks/send');
    expect(params).toMatchObject({
      message: { parts: parts.map(({ kind, ...rest }) => ({ type: kind, ...rest })) },
      metadata: { skill: 'translate', mine: 1 },
    });
  });

  test('A027: 408 at the request timeout for untyped parts; the task lives on', async () => {
    const quick = await GatewayProcess.start({ env: { GATEWAY_HTTP_REQUEST_TIMEOUT: '300ms' } });
    const bot = await TestBot.connect({
      url: quick.botUrl,
      name: 'slow',
      skills: ['work'],
      behaviour: silent,
    });
    const caller = new Orchestrator(quick.httpUrl);
    const call = (params: object) =>
      caller.request('POST', '/a2a', { jsonrpc: '2.0', method: 'message/send', params, id: 1 });
    expect((await call({ message: message03() })).status).toBe(408);
    const { params } = await bot.expectFrame(({ method }) => method === 'tasks/send');
    expect(await caller.status(String(params!['id']))).toBe('queued');
    await bot.complete(String(params!['id']), { text: 'late' });
    const typed = call({ message: message03({ parts: [{ kind: 'text', text: 'x' }] }) });
    const next = await bot.expectFrame(
      ({ method, params: other }) => method === 'tasks/send' && other!['id'] !== params!['id'],
    );
    await new Promise((resolve) => setTimeout(resolve, 700)); // over the timeout, which does not count here
    await bot.complete(String(next.params!['id']), { text: 'in time' });
    expect((await typed).status).toBe(200);
  });
});

describe('1.0', () => {
  test('V001: SendMessage', async () => {
    await aBot();
    const { result } = await rpc('SendMessage', { message: { ...message10(), messageId: 'msg-1' } }, V1);
    expect(result).toMatchObject({
      task: { status: { state: 'TASK_STATE_COMPLETED' }, artifacts: [{ parts: [{}] }] },
    });
  });

  test('V002, V004: errors with their ErrorInfo', async () => {
    const { error } = await rpc('GetTask', { id: 'nope' }, V1);
    expect(error).toMatchObject({
      code: -32001,
      data: [{ reason: 'TASK_NOT_FOUND', domain: 'a2a-protocol.org' }],
    });
    expect((await rpc('Nonsense', {}, V1)).error?.code).toBe(-32601);
  });

  test('V003: CancelTask of a completed task', async () => {
    await aBot();
    const { result } = await rpc('SendMessage', { message: message10() }, V1);
    const { id } = result!['task'] as { id: string };
    expect((await rpc('CancelTask', { id }, V1)).error?.code).toBe(-32002);
    expect((await rpc('SendMessage', { message: message10({ taskId: id }) }, V1)).error?.code).toBe(-32004);
    expect((await rpc('SendMessage', { message: message10({ taskId: 'nope' }) }, V1)).error?.code).toBe(
      -32001,
    );
  });

  test.each<[string, string, object]>([
    ['no parts', 'SendMessage', { message: message10({ parts: [] }) }],
    ['no messageId', 'SendMessage', { message: message10({ messageId: '' }) }],
    ['a blank one', 'SendMessage', { message: message10({ messageId: '  ' }) }],
    ['a long one', 'SendMessage', { message: message10({ messageId: 'x'.repeat(257) }) }],
    ['large metadata', 'SendMessage', { message: message10(), metadata: { x: 'x'.repeat(70_000) } }],
    ['no id', 'GetTask', { id: '' }],
    ['a negative history', 'GetTask', { id: 'x', historyLength: -1 }],
    ['a history of words', 'ListTasks', { historyLength: 'all' }],
    ['half a history', 'SendMessage', { message: message10(), configuration: { historyLength: 0.5 } }],
    ['a page of none', 'ListTasks', { pageSize: 101 }],
  ])('V005: %s is −32602', async (_, method, params) => {
    expect((await rpc(method, params, V1)).error?.code).toBe(-32602);
  });

  test('V006: the same message twice is one task', async () => {
    const bot = await aBot();
    const message = message10();
    const first = (await rpc('SendMessage', { message }, V1)).result!['task'] as { id: string };
    const second = (await rpc('SendMessage', { message }, V1)).result!['task'] as { id: string };
    expect(second.id).toBe(first.id);
    expect(bot.received.filter(({ frame }) => frame.method === 'tasks/send')).toHaveLength(1);
  });

  test.each([{}, { returnImmediately: true }, { historyLength: 0 }])(
    'the same message after the end, %j: the task with its result',
    async (configuration) => {
      await aBot();
      const message = message10();
      await rpc('SendMessage', { message }, V1);
      const { result } = await rpc('SendMessage', { message, configuration }, V1);
      expect(result).toMatchObject({
        task: { status: { state: 'TASK_STATE_COMPLETED' }, artifacts: [{ artifactId: 'result' }] },
      });
      const again = await stream('SendStreamingMessage', { message }, V1);
      expect(again.events[0]!.data.result).toMatchObject({ task: { artifacts: [{ artifactId: 'result' }] } });
    },
  );

  test('V007: versions', async () => {
    const call = (headers: Record<string, string>, query = '') =>
      http.request(
        'POST',
        `/a2a${query}`,
        { jsonrpc: '2.0', method: 'GetTask', params: { id: 'x' }, id: 1 },
        headers,
      );
    expect((await call(V1)).headers.get('a2a-version')).toBe('1.0');
    expect((await call({}, '?A2A-Version=1.0')).headers.get('a2a-version')).toBe('1.0');
    expect(envelope(await call({ 'a2a-version': '0.3' })).error?.code).toBe(-32601);
    expect(envelope(await call({ 'a2a-version': '99.0' })).error).toMatchObject({
      code: -32009,
      message: expect.stringContaining('1.0, 0.3') as unknown,
    });
  });

  test('V009: a stream: the task, working, pieces of one artifact, completed; the sequence as id; resumed by it', async () => {
    const bot = await aBot({ behaviour: silent });
    const sent = stream('SendStreamingMessage', { message: message10() }, V1);
    const { params } = await bot.expectFrame(({ method }) => method === 'tasks/send');
    const id = String(params!['id']);
    await bot.report(id, { status: 'running' });
    await bot.report(id, { status: 'running', artifact: { text: 'Hel' }, append: true });
    await bot.report(id, { status: 'running', artifact: { text: 'lo' }, append: true, last_chunk: true });
    await bot.report(id, { status: 'completed' });
    const { events: all } = await sent;
    expect(all.map(({ id: seq, data }) => [seq, Object.keys(data.result!)[0]])).toEqual([
      ['1', 'task'],
      ['2', 'statusUpdate'],
      ['3', 'artifactUpdate'],
      ['4', 'artifactUpdate'],
      ['5', 'statusUpdate'],
    ]);
    expect(all.slice(2).map(({ data }) => data.result)).toMatchObject([
      { artifactUpdate: { artifact: { parts: [{ text: 'Hel' }] } } },
      { artifactUpdate: { append: true, lastChunk: true } },
      { statusUpdate: { status: { state: 'TASK_STATE_COMPLETED' } } },
    ]);
    const task = (await rpc('GetTask', { id }, V1)).result as unknown as {
      artifacts: { parts: { text: string }[] }[];
    };
    expect(task.artifacts[0]!.parts[0]!.text).toBe('Hello');
    const resumed = await stream('SubscribeToTask', { id }, { ...V1, 'last-event-id': '3' });
    expect(resumed.events).toMatchObject([{ id: '4' }, { id: '5' }]);
    const beyond = await stream('SubscribeToTask', { id }, { ...V1, 'last-event-id': '99' });
    expect(beyond.events).toMatchObject([
      { id: '5', data: { result: { task: { artifacts: [{ parts: [{ text: 'Hello' }] }] } } } },
    ]);
    expect((await rpc('SubscribeToTask', { id }, V1)).error?.code).toBe(-32004);
  });

  test('V010: a failure is FAILED, with its words', async () => {
    const bot = await aBot({ behaviour: silent });
    const sent = stream('SendStreamingMessage', { message: message10() }, V1);
    const { params } = await bot.expectFrame(({ method }) => method === 'tasks/send');
    await bot.report(String(params!['id']), { status: 'failed', error: 'db password wrong' });
    const { events: all } = await sent;
    expect(all.at(-1)!.data.result).toMatchObject({
      statusUpdate: {
        status: { state: 'TASK_STATE_FAILED', message: { parts: [{ text: 'db password wrong' }] } },
      },
    });
  });

  test('V016: ListTasks by context and status', async () => {
    await aBot();
    for (const contextId of ['c-one', 'c-one', 'c-two'])
      await rpc('SendMessage', { message: message10({ contextId }) }, V1);
    const list = async (params: object) =>
      ((await rpc('ListTasks', params, V1)).result!['tasks'] ?? []) as { contextId: string }[];
    expect((await list({ contextId: 'c-one' })).map(({ contextId }) => contextId)).toEqual([
      'c-one',
      'c-one',
    ]);
    expect(await list({ contextId: 'c-two', status: 'TASK_STATE_COMPLETED' })).toHaveLength(1);
    expect(await list({ contextId: 'c-two', status: 'TASK_STATE_REJECTED' })).toEqual([]);
    const page = (await rpc('ListTasks', { contextId: 'c-one', pageSize: 1 }, V1)).result!;
    expect(page).toMatchObject({ nextPageToken: expect.stringMatching(/^\d+\.t-/) as unknown, totalSize: 2 });
  });

  test('by skill and by agent: the URL says who works', async () => {
    const one = await aBot({ name: 'one', skills: ['summarize'] });
    const two = await aBot({ name: 'two', skills: ['summarize', 'draw'] });
    const agentOf = async (path: string) =>
      ((await rpc('SendMessage', { message: message10() }, V1, path)).result!['task'] as { metadata: Fields })
        .metadata;
    expect(await agentOf('/a2a/skills/draw')).toEqual({ skill: 'draw', agentId: 'two' });
    expect(await agentOf('/a2a/agents/one')).toEqual({ skill: 'summarize', agentId: 'one' });
    expect((await rpc('SendMessage', { message: message10() }, V1, '/a2a/skills/nobody')).error?.code).toBe(
      -32010,
    );
    expect([one.name, two.name]).toHaveLength(2);
  });

  test('the extended card is not offered, and said to be so', async () => {
    expect((await rpc('GetExtendedAgentCard', {}, V1)).error?.code).toBe(-32004);
  });
});

test('A020: in the production profile the agent’s own words stay inside', async () => {
  const closed = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_PROFILE: 'production' } });
  const token = tokenFor('production');
  const bot = await TestBot.connect({
    url: closed.botUrl,
    name: 'w',
    skills: ['work'],
    token,
    namespace: 'production',
    behaviour: silent,
  });
  const caller = new Orchestrator(closed.httpUrl, token);
  const call = (method: string, params: object) =>
    caller.request('POST', '/a2a', { jsonrpc: '2.0', method, params, id: 1 });
  const sent = call('message/send', { message: message03() });
  const { params } = await bot.expectFrame(({ method }) => method === 'tasks/send');
  await bot.report(String(params!['id']), { status: 'failed', error: 'db password wrong' });
  const answers = [await sent, await call('tasks/get', { id: params!['id'] })];
  for (const { text } of answers) {
    expect(text).toContain('failed');
    expect(text).not.toContain('password');
  }
  const unknown = await new Orchestrator(closed.httpUrl).request('POST', '/a2a', {});
  expect([unknown.status, unknown.body]).toMatchObject([401, { error: 'missing authorization' }]);
  const stranger = new Orchestrator(closed.httpUrl, tokenFor('staging'));
  const foreign = await stranger.request('POST', '/a2a', {
    jsonrpc: '2.0',
    method: 'tasks/get',
    params: { id: params!['id'] },
    id: 1,
  });
  expect(envelope(foreign).error?.code).toBe(-32001);
});

test('1.0: params may be named as in the .proto files', async () => {
  await aBot();
  const { messageId, ...rest } = message10();
  const sent = await rpc(
    'SendMessage',
    { message: { ...rest, message_id: messageId, context_id: 'c-9' } },
    V1,
  );
  expect(sent.result).toMatchObject({ task: { contextId: 'c-9' } });
  const { id } = (sent.result as { task: Fields }).task;
  const list = await rpc('ListTaskPushNotificationConfigs', { task_id: id }, V1);
  expect(list.error).toBeUndefined();
});

describe('A2A at /jsonrpc', () => {
  test('V001: its methods are answered there as at /a2a, streams too', async () => {
    await aBot();
    const sent = await rpc('SendMessage', { message: message10() }, V1, '/jsonrpc');
    expect(sent.result).toMatchObject({ task: { status: { state: 'TASK_STATE_COMPLETED' } } });
    const older = await rpc('message/send', { message: message03() }, {}, '/jsonrpc');
    expect(older.result).toMatchObject({ status: { state: 'completed' } });
    const { events: all } = await stream('SendStreamingMessage', { message: message10() }, V1, '/jsonrpc');
    expect(all.at(-1)!.data.result).toMatchObject({
      statusUpdate: { status: { state: 'TASK_STATE_COMPLETED' } },
    });
  });

  test('tasks/get and tasks/cancel stay the gateway’s own, unless A2A’s version is named', async () => {
    await aBot();
    const { id } = (await rpc('message/send', { message: message03() })).result!;
    expect((await rpc('tasks/get', { id }, {}, '/jsonrpc')).result).toMatchObject({ task_id: id });
    const named = await rpc('tasks/get', { id }, { 'a2a-version': '0.3' }, '/jsonrpc');
    expect(named.result).toMatchObject({ kind: 'task', id });
    expect((await rpc('tasks/cancel', { id }, {}, '/jsonrpc')).error?.code).toBe(-32002);
    expect((await rpc('agents/list', {}, V1, '/jsonrpc')).result).toHaveProperty('agents');
  });

  test('a refused stream of 0.3 is an event for callers who read nothing else', async () => {
    const params = { id: `t-${'0'.repeat(32)}` };
    const { events: all } = await stream('tasks/resubscribe', params, { accept: 'text/event-stream' });
    expect(all.map(({ data }) => data.error?.code)).toEqual([-32001]);
    expect((await rpc('tasks/resubscribe', params)).error?.code).toBe(-32001);
  });
});

it('a last word that differs from the pieces comes to the stream as a whole', async () => {
  const bot = await aBot({ behaviour: silent });
  const sent = stream('SendStreamingMessage', { message: message10() }, V1);
  const { id } = await bot.expectTask();
  await bot.report(id, { status: 'running', artifact: { text: 'Draft' }, append: true });
  await bot.report(id, { status: 'completed', artifact: { text: 'Final' } });
  const pieces = (await sent).events.flatMap(({ data }) => data.result?.['artifactUpdate'] ?? []);
  expect(pieces).toMatchObject([
    { artifact: { parts: [{ text: 'Draft' }] } },
    { artifact: { parts: [{ text: 'Final' }] }, lastChunk: true },
  ]);
  expect((pieces[1] as Fields)['append'] ?? false).toBe(false);
});

it('V013: a message to the context of a task whose agent asks is for that task; afterwards it begins another', async () => {
  const bot = await aBot({ behaviour: silent });
  const contextId = randomUUID();
  const send = (text: string, more: object = {}) =>
    rpc('SendMessage', { message: message10({ contextId, parts: [{ text }], ...more }) }, V1);
  const messageId = randomUUID();
  const first = send('book a table', { messageId });
  const { id } = await bot.expectTask(0);
  await bot.report(id, { status: 'input_required', message: 'for how many?' });
  expect((await first).result).toMatchObject({ task: { id, contextId } });
  expect((await send('book a table', { messageId })).result).toMatchObject({ task: { id } });
  const second = send('four');
  expect(await bot.expectTask(1)).toMatchObject({ id });
  await bot.report(id, { status: 'completed', artifact: { text: 'booked' } });
  expect((await second).result).toMatchObject({ task: { id, status: { state: 'TASK_STATE_COMPLETED' } } });
  const third = send('another');
  const other = await bot.expectTask(2);
  expect(other.id).not.toBe(id);
  await bot.report(other.id, { status: 'completed', artifact: { text: 'too' } });
  expect((await third).result).toMatchObject({ task: { id: other.id, contextId } });
});

it('an Idempotency-Key makes a send safe to repeat, whatever the binding; another message under it is refused', async () => {
  await aBot();
  const key = { ...V1, 'idempotency-key': randomUUID() };
  const params = { message: message10(), configuration: { returnImmediately: true } };
  const { id } = (await rpc('SendMessage', params, key)).result!['task'] as Fields;
  const again = await http.request('POST', '/a2a/message:send', params, key);
  expect(again.body).toMatchObject({ task: { id } });
  const other = await rpc('SendMessage', { ...params, message: message10() }, key);
  expect(other.error).toMatchObject({
    code: -32602,
    message: expect.stringContaining('Idempotency-Key') as string,
  });
  const wrong = await rpc('SendMessage', params, { ...V1, 'idempotency-key': 'a b' });
  expect(wrong.error).toMatchObject({
    code: -32602,
    message: expect.stringContaining('Idempotency-Key') as string,
  });
});

it('adk’s cancel of what is unknown or finished succeeds only where the configuration says so', async () => {
  const lenient = await GatewayProcess.start({ env: { GATEWAY_COMPAT_ADK_LENIENT_CANCEL: 'true' } });
  const cancel = { jsonrpc: '2.0', method: 'tasks/cancel', params: { taskId: 'nobody' }, id: 1 };
  const answer = await new Orchestrator(lenient.httpUrl).request('POST', '/a2a', cancel);
  expect(envelope(answer).result).toMatchObject({ id: 'nobody', status: { state: 'canceled' } });
  expect((await rpc('tasks/cancel', { taskId: 'nobody' })).error).toMatchObject({ code: -32001 });
  const strict = { ...cancel, method: 'CancelTask', params: { id: 'nobody' } };
  const told = await new Orchestrator(lenient.httpUrl).request('POST', '/a2a', strict, V1);
  expect(envelope(told).error).toMatchObject({ code: -32001 });
});
