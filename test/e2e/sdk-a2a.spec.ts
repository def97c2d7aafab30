import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  A2aClient,
  A2aRequestError,
  A2aRpcError,
  AgentFailedError,
  ask,
  botOf,
  inputOf,
  Message,
  Part,
  RemoteA2aAgent,
  resultText,
  Role,
  textOf,
  type Agent,
  type AgentEvent,
  type UpdateEvent,
} from '../../src/sdk/a2a/index.js';
import { connectBot, type Bot } from '../../src/sdk/index.js';
import { AdkServer } from '../fakes/adk-server.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** The SDK's A2A client and remote agents against the built gateway, and against a server of the adk family. */

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const text = (events: readonly AgentEvent[]): string =>
  events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');

/** What an update is about, in short. */
const short = (update: UpdateEvent): string =>
  'status' in update ? `${update.kind} ${update.status.state}` : update.kind;

describe('messages', () => {
  test('are built as in the seeds', () => {
    const message = Message.builder()
      .role(Role.User)
      .parts([Part.text("What's the weather?")])
      .messageId('msg-123')
      .build();
    expect(message).toEqual({
      kind: 'message',
      role: 'user',
      messageId: 'msg-123',
      parts: [{ kind: 'text', text: "What's the weather?" }],
    });
  });

  test('get an id of their own, and are refused without parts', () => {
    const build = () => Message.builder().text('x').build().messageId;
    expect(build()).not.toBe(build());
    expect(() => Message.builder().build()).toThrow('at least one part');
    expect(() => Message.builder().text('x').messageId(' ').build()).toThrow('messageId');
  });
});

describe('with the gateway', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await GatewayProcess.start();
  });
  afterEach(() => closeAllBots());

  const aBot = (more: Partial<TestBotOptions> = {}): Promise<TestBot> =>
    TestBot.connect({ url: gateway.botUrl, name: 'writer', skills: ['write'], ...more });
  const connect = () => A2aClient.fromUrl(gateway.httpUrl);

  test('the card is read, of the whole gateway and of one agent', async () => {
    await aBot();
    const { card } = await A2aClient.fromUrl(`${gateway.httpUrl}/a2a/agents/writer`);
    expect(card).toMatchObject({
      name: 'writer',
      url: `${gateway.httpUrl}/a2a/agents/writer`,
      capabilities: { streaming: true },
      skills: [{ id: 'write' }],
    });
    expect((await connect()).card.name).toBe('agent-gateway');
    await expect(A2aClient.fromUrl(`${gateway.httpUrl}/a2a/agents/nobody`)).rejects.toMatchObject({
      name: 'A2aRequestError',
      status: 404,
    });
  });

  test('a message is answered by its task', async () => {
    await aBot({ behaviour: (bot, { id, text: heard }) => bot.complete(id, { text: `heard: ${heard}` }) });
    const { result, error } = await (await connect()).sendMessage('Hello!');
    expect(error).toBeUndefined();
    expect(result).toMatchObject({
      kind: 'task',
      status: { state: 'completed' },
      history: [{ role: 'user', parts: [{ kind: 'text', text: 'Hello!' }] }],
    });
    expect(resultText(result!)).toBe('heard: Hello!');
  });

  test('files and data come and go unchanged', async () => {
    await aBot({
      behaviour: (bot, { id, params }) =>
        bot.complete(id, { parts: (params['message'] as { parts: unknown[] }).parts }),
    });
    const parts = [
      Part.file({ name: 'a.bin', mimeType: 'application/octet-stream', bytes: new Uint8Array([0, 255]) }),
      Part.file({ uri: 'https://example.com/b.png', mimeType: 'image/png' }),
      Part.data({ n: [1, null] }),
    ];
    const { result } = await (await connect()).sendMessage(Message.builder().parts(parts).build());
    expect(result).toMatchObject({ artifacts: [{ parts }] });
  });

  test('a refusal is the error of the answer, and thrown elsewhere', async () => {
    const client = await connect();
    const { result, error } = await client.sendMessage('anybody there?');
    expect(result).toBeUndefined();
    expect(error).toBeInstanceOf(A2aRpcError);
    expect(error).toMatchObject({ code: -32010 });
    await expect(client.getTask('nope')).rejects.toMatchObject({ name: 'A2aRpcError', code: -32001 });
    await expect(all(client.sendStreamingMessage('anybody?'))).rejects.toMatchObject({ code: -32010 });
  });

  test('updates stream as they come, typed', async () => {
    const bot = await aBot({ behaviour: silent });
    const stream = (await connect()).sendStreamingMessage('go');
    const first = await stream.next();
    expect(first.value).toMatchObject({ kind: 'task', status: { state: 'submitted' } });
    const { id } = await bot.expectTask();
    await bot.report(id, { status: 'running', artifact: { text: 'Hel' }, append: true });
    expect(await stream.next()).toMatchObject({ value: { kind: 'status-update', final: false } });
    expect(await stream.next()).toMatchObject({
      value: { kind: 'artifact-update', append: false, artifact: { parts: [{ kind: 'text', text: 'Hel' }] } },
    });
    await bot.report(id, { status: 'running', artifact: { text: 'lo' }, append: true, last_chunk: true });
    await bot.report(id, { status: 'completed' });
    expect((await all(stream)).map(short)).toEqual(['artifact-update', 'status-update completed']);
  });

  test('a task is fetched, followed by another client, and canceled', async () => {
    const bot = await aBot({ behaviour: silent });
    const client = await connect();
    const { result } = await client.sendMessage('go', { returnImmediately: true });
    if (result?.kind !== 'task') throw new Error('expected a task');
    await bot.expectTask();
    expect((await client.getTask(result.id)).status.state).toBe('submitted');
    const others = client.resubscribe(result.id);
    expect(await others.next()).toMatchObject({ value: { kind: 'task', id: result.id } });
    expect((await client.cancelTask(result.id)).status.state).toBe('canceled');
    expect((await all(others)).map(short)).toEqual(['status-update canceled']);
  });

  test('a signal ends the wait with its reason', async () => {
    const bot = await aBot({ behaviour: silent });
    const hurry = new AbortController();
    const sent = (await connect()).sendMessage('go', { signal: hurry.signal });
    const failed = expect(sent).rejects.toThrow('never mind');
    await bot.expectTask();
    hurry.abort(new Error('never mind'));
    await failed;
  });

  test('a remote agent is an agent: its answer comes in pieces, its failure is thrown', async () => {
    await aBot({
      behaviour: async (bot, { id, text: heard }) => {
        if (heard === 'fail') return void (await bot.report(id, { status: 'failed', error: 'out of paper' }));
        await bot.report(id, { status: 'running', pct: 50, message: 'half' });
        for (const piece of ['one ', 'two'])
          await bot.report(id, { status: 'running', artifact: { text: piece }, append: true });
        await bot.report(id, { status: 'completed' });
      },
    });
    const agent = RemoteA2aAgent.builder('writer')
      .description('Writes')
      .agentUrl(`${gateway.httpUrl}/a2a/skills/write`)
      .build();
    expect(await all(agent.run(inputOf('go')))).toEqual([
      { type: 'progress', text: 'half' },
      { type: 'text', text: 'one ' },
      { type: 'text', text: 'two' },
    ]);
    const failed = ask(agent, 'fail');
    await expect(failed).rejects.toBeInstanceOf(AgentFailedError);
    await expect(failed).rejects.toMatchObject({ agent: 'writer', state: 'failed', said: 'out of paper' });
  });

  test('without streams the answer comes whole', async () => {
    await aBot({ behaviour: (bot, { id }) => bot.complete(id, { text: 'whole' }) });
    const builder = RemoteA2aAgent.builder('writer').agentUrl(gateway.httpUrl).streaming(false);
    expect(await all(builder.build().run(inputOf('go')))).toEqual([{ type: 'text', text: 'whole' }]);
  });
});

describe('an agent as a bot', () => {
  const agent: Agent = {
    name: 'helper',
    description: 'Helps',
    async *run({ message, contextId, history, signal }) {
      const heard = textOf(message.parts);
      if (heard === 'ask') {
        yield { type: 'input-required', text: 'Which one?' };
        return;
      }
      const before = history.map(({ role, parts }) => `${role} said ${textOf(parts)}, `).join('');
      if (before) yield { type: 'text', text: before };
      if (heard === 'wait') await new Promise((_, reject) => signal.addEventListener('abort', reject));
      yield { type: 'progress', text: 'thinking' };
      yield { type: 'text', text: `${contextId === '' ? 'nowhere' : 'here'}: ` };
      yield { type: 'text', text: heard };
      yield { type: 'parts', parts: message.parts.filter(({ kind }) => kind !== 'text') };
    },
  };
  let gateway: GatewayProcess;
  let bot: Bot;
  let client: A2aClient;
  beforeAll(async () => {
    gateway = await GatewayProcess.start();
    bot = connectBot({ url: gateway.botUrl, ...botOf(agent) });
    await bot.ready;
    client = await A2aClient.fromUrl(`${gateway.httpUrl}/a2a/agents/helper`);
  });
  afterAll(() => bot.close({ timeoutMs: 0 }));

  test('is an A2A agent: text, files and data, in pieces', async () => {
    expect(client.card).toMatchObject({ name: 'helper', description: 'Helps', skills: [{ id: 'helper' }] });
    const more = [Part.data({ n: 1 }), Part.file({ name: 'a', bytes: 'aGk=' })];
    const message = Message.builder().text('hello').part(more[0]!).part(more[1]!).build();
    const updates = await all(client.sendStreamingMessage(message));
    expect(updates.filter(({ kind }) => kind === 'artifact-update')).toMatchObject([
      { artifact: { parts: [{ kind: 'text', text: 'here: ' }] } },
      { artifact: { parts: [{ kind: 'text', text: 'hello' }] } },
      { artifact: { parts: more } },
    ]);
    const { result } = await client.sendMessage('again');
    expect(resultText(result!)).toBe('here: again');
  });

  test('asks back, and goes on with the answer', async () => {
    const { result } = await client.sendMessage('ask');
    if (result?.kind !== 'task') throw new Error('expected a task');
    expect(result.status).toMatchObject({
      state: 'input-required',
      message: { parts: [{ kind: 'text', text: 'Which one?' }] },
    });
    const answer = await client.sendMessage(Message.builder().text('the blue one').taskId(result.id).build());
    expect(resultText(answer.result!)).toBe('user said ask, agent said Which one?, here: the blue one');
  });

  test('a cancel reaches it', async () => {
    const waiting = client.sendStreamingMessage('wait');
    const { value: task } = await waiting.next();
    if (task?.kind !== 'task') throw new Error('expected the task first');
    await client.cancelTask(task.id);
    expect((await all(waiting)).map(short).at(-1)).toBe('status-update canceled');
  });
});

describe('over a connection that breaks', () => {
  let gateway: GatewayProcess;
  let proxy: CuttingProxy;
  beforeAll(async () => {
    const httpPort = await freePort();
    proxy = await CuttingProxy.start(httpPort);
    gateway = await GatewayProcess.start({
      httpPort,
      env: { GATEWAY_PUBLIC_URL: `http://127.0.0.1:${proxy.port}` },
    });
  });
  afterAll(() => proxy.close());

  test('a remote agent goes on where it was', async () => {
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'writer',
      skills: ['write'],
      behaviour: silent,
    });
    const agent = new RemoteA2aAgent({
      name: 'writer',
      description: '',
      agentUrl: `http://127.0.0.1:${proxy.port}`,
    });
    const events = agent.run(inputOf('go'));
    const first = events.next();
    const { id } = await bot.expectTask();
    await bot.report(id, { status: 'running', artifact: { text: 'one ' }, append: true });
    expect((await first).value).toEqual({ type: 'text', text: 'one ' });
    const before = proxy.accepted;
    proxy.cut();
    await bot.report(id, { status: 'running', artifact: { text: 'two ' }, append: true });
    const second = events.next();
    await eventually(() => proxy.accepted > before);
    await bot.report(id, { status: 'running', artifact: { text: 'three' }, append: true });
    await bot.report(id, { status: 'completed' });
    const rest = [(await second).value as AgentEvent, ...(await all(events))];
    expect(text(rest)).toBe('two three');
  });
});

describe('credentials', () => {
  test('a token goes with every request, fresh when a function brings it', async () => {
    const gateway = await GatewayProcess.start({ env: AUTH_ON });
    const refused = A2aClient.fromUrl(gateway.httpUrl).then((client) => client.sendMessage('x'));
    await expect(refused).rejects.toMatchObject({ name: 'A2aRequestError', status: 401 });
    const token = jest.fn(() => Promise.resolve(tokenFor('blue')));
    const client = await A2aClient.fromUrl(gateway.httpUrl, { token });
    expect((await client.sendMessage('x')).error).toMatchObject({ code: -32010 });
    expect(token.mock.calls.length).toBeGreaterThan(1);
    await gateway.stop();
  });
});

describe('with a server of the adk family', () => {
  let server: AdkServer;
  beforeEach(async () => {
    server = await AdkServer.start((heard) =>
      heard === 'fail' ? { pieces: [], failure: 'no model' } : { pieces: ['you said ', heard] },
    );
  });
  afterEach(() => server.close());
  const connect = () => A2aClient.fromUrl(server.url);

  test('a message is answered', async () => {
    const { result } = await (await connect()).sendMessage('hi');
    expect(result).toMatchObject({ kind: 'task', status: { state: 'completed' } });
    expect(resultText(result!)).toBe('you said hi');
  });

  test('streams are found beside the address, and remembered', async () => {
    const client = await connect();
    for (let i = 0; i < 2; i++) {
      const updates = await all(client.sendStreamingMessage('hi'));
      expect(updates.map(short)).toEqual([
        'status-update submitted',
        'status-update working',
        'artifact-update',
        'artifact-update',
        'status-update completed',
      ]);
      expect(updates.at(-1)).toMatchObject({ final: true });
      expect(updates[2]).toMatchObject({ artifact: { parts: [{ kind: 'text', text: 'you said ' }] } });
    }
    expect(server.calls.map(({ path }) => path)).toEqual(['/a2a', '/a2a/stream', '/a2a/stream']);
  });

  test('a failure says why', async () => {
    const { result } = await (await connect()).sendMessage('fail');
    expect(result).toMatchObject({
      status: { state: 'failed', message: { role: 'agent', parts: [{ kind: 'text', text: 'no model' }] } },
    });
    const agent = RemoteA2aAgent.builder('adk').agentUrl(server.url).build();
    await expect(ask(agent, 'fail')).rejects.toMatchObject({ said: 'no model', state: 'failed' });
  });

  test('tasks are fetched and canceled by their id', async () => {
    const client = await connect();
    const { result } = await client.sendMessage('hi');
    if (result?.kind !== 'task') throw new Error('expected a task');
    expect(await client.getTask(result.id)).toMatchObject({ id: result.id, status: { state: 'completed' } });
    expect(await client.cancelTask('t-1')).toMatchObject({ id: 't-1', status: { state: 'canceled' } });
    await expect(client.getTask('nope')).rejects.toMatchObject({ code: -32001 });
  });

  test('a remote agent of the family answers in pieces', async () => {
    const agent = RemoteA2aAgent.builder('adk').agentUrl(server.url).build();
    expect(await all(agent.run(inputOf('hi')))).toEqual([
      { type: 'text', text: 'you said ' },
      { type: 'text', text: 'hi' },
    ]);
  });

  test('a busy server is asked again after the pause that it wants', async () => {
    const client = await connect();
    server.refusals.push({ status: 503, headers: { 'retry-after': '0' } });
    expect((await client.sendMessage('hi')).result).toMatchObject({ status: { state: 'completed' } });
  });

  test('a message that may have been taken is not sent twice; reading is repeated', async () => {
    const client = await connect();
    server.refusals.push({ status: 502 });
    await expect(client.sendMessage('hi')).rejects.toMatchObject({ reason: 'status', status: 502 });
    expect(server.calls).toEqual([]);
    server.refusals.push({ status: 502 });
    await expect(client.getTask('nope')).rejects.toMatchObject({ code: -32001 });
  });
});

describe('what is no agent', () => {
  test('nobody there, an address without a card, a card without its fields', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const unreachable = A2aClient.fromUrl(nobody, { tries: 2 });
    await expect(unreachable).rejects.toBeInstanceOf(A2aRequestError);
    await expect(unreachable).rejects.toMatchObject({ reason: 'unreachable' });
    const answers: (string | undefined)[] = [
      undefined,
      undefined,
      '[]',
      '{"name":"x","version":"1"}',
      '<html>',
    ];
    const server = createServer((_, res) => {
      const answer = answers.shift();
      res.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(answer);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(A2aClient.fromUrl(url)).rejects.toMatchObject({ status: 404 });
    await expect(A2aClient.fromUrl(url)).rejects.toThrow('not an object');
    await expect(A2aClient.fromUrl(url)).rejects.toThrow('description is missing');
    await expect(A2aClient.fromUrl(url)).rejects.toThrow('not JSON');
    server.close();
  });

  test('an agent that never answers is given up after the time limit', async () => {
    const server = createServer((req, res) => {
      if (req.method === 'GET')
        res.end(JSON.stringify({ name: 'a', description: 'b', version: '1', url: '/a2a', skills: [] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = await A2aClient.fromUrl(url, { answerTimeoutMs: 50, timeoutMs: 5_000 });
    expect(client.card.url).toBe(`${url}/a2a`);
    await expect(client.sendMessage('x')).rejects.toMatchObject({ reason: 'timeout' });
    server.closeAllConnections();
    server.close();
  });

  test('a remote agent needs an address', () => {
    expect(() => RemoteA2aAgent.builder('x').build()).toThrow('agentUrl');
  });
});
