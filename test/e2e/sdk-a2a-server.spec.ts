import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  type Client,
} from '@a2a-js/sdk/client';
import { Role as SdkRole, TaskState as SdkTaskState, type StreamResponse } from '@a2a-js/sdk';
import express from 'express';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  A2aClient,
  ask,
  buildAgentCard,
  createA2aApp,
  inputOf,
  RemoteA2aAgent,
  resultText,
  SecurityConfig,
  textOf,
  type A2aApp,
  type A2aAppConfig,
  type Agent,
  type AgentEvent,
  type AgentInput,
} from '../../src/sdk/a2a/index.js';
import { eventually } from '../support/eventually.js';

/** An agent of the SDK as an HTTP server: by hand, by the SDK's own client, and by the official SDK's. */

type Fields = Record<string, unknown>;
interface Envelope {
  readonly id: unknown;
  readonly result?: Fields;
  readonly error?: { readonly code: number; readonly message: string };
}

const apps: A2aApp[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

async function serve(agent: Agent, config: A2aAppConfig = {}): Promise<string> {
  const app = createA2aApp(agent, config);
  apps.push(app);
  return app.listen(0);
}

const agentOf = (
  run: (input: AgentInput) => AsyncGenerator<AgentEvent, void, undefined>,
  more: Partial<Agent> = {},
): Agent => ({ name: 'echo', description: 'Says what it hears', run, ...more });

const echo = agentOf(async function* ({ message }) {
  yield { type: 'progress', text: 'listening' };
  for (const word of textOf(message.parts).split(/(?<= )/)) yield { type: 'text', text: word };
});

/** An agent whose events the test hands out one by one. */
function scripted() {
  const events: (AgentEvent | Error | undefined)[] = [];
  const inputs: AgentInput[] = [];
  let wake = () => {};
  const agent = agentOf(async function* (input) {
    inputs.push(input);
    for (;;) {
      while (events.length > 0) {
        const event = events.shift();
        if (event === undefined) return;
        if (event instanceof Error) throw event;
        yield event;
      }
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        input.signal.addEventListener('abort', () => reject(input.signal.reason as Error), { once: true });
      });
    }
  });
  const say = (...more: typeof events) => {
    events.push(...more);
    wake();
  };
  return { agent, inputs, say };
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const rpc = async (url: string, method: string, params: unknown, headers: Record<string, string> = {}) =>
  (await (await post(url, { jsonrpc: '2.0', method, params, id: 1 }, headers)).json()) as Envelope;

const hello = (text = 'Hello!') => ({ role: 'user', messageId: randomUUID(), parts: [{ text }] });

const dataOf = (text: string): Envelope[] =>
  text
    .split('\n\n')
    .flatMap((block) => /^data: (.+)$/m.exec(block)?.[1] ?? [])
    .map((data) => JSON.parse(data) as Envelope);

describe('the card', () => {
  const sub = (name: string, description: string): Agent => ({ ...echo, name, description });

  test('has the skills of the agent and of its sub-agents, with adk’s ids and tags', () => {
    const subAgents = [sub('roll_agent', 'Rolls dice'), sub('prime_agent', 'Checks primes')];
    const card = buildAgentCard(
      { ...echo, name: 'root', description: 'Orchestrates', subAgents },
      'http://x:1/',
    );
    expect(card).toMatchObject({
      name: 'root',
      url: 'http://x:1/a2a',
      version: '1.0.0',
      protocolVersion: '0.3.0',
      capabilities: { streaming: true, pushNotifications: false, stateTransitionHistory: true },
    });
    expect(card.skills).toEqual([
      { id: 'root', name: 'root', description: 'Orchestrates', tags: ['agent'] },
      {
        id: 'root-sub-agents',
        name: 'sub-agents',
        description: 'Orchestrates: Rolls dice; Checks primes',
        tags: ['orchestration'],
      },
      {
        id: 'roll_agent_roll_agent',
        name: 'roll_agent: roll_agent',
        description: 'Rolls dice',
        tags: ['sub_agent:roll_agent', 'agent'],
      },
      {
        id: 'prime_agent_prime_agent',
        name: 'prime_agent: prime_agent',
        description: 'Checks primes',
        tags: ['sub_agent:prime_agent', 'agent'],
      },
    ]);
    expect(buildAgentCard(echo, 'http://x').skills).toHaveLength(1);
  });

  test('is served at both places; an agent that cannot have one is refused at once', async () => {
    const url = await serve(echo);
    for (const name of ['agent.json', 'agent-card.json']) {
      const card = (await (await fetch(`${url}/.well-known/${name}`)).json()) as Fields;
      expect(card).toEqual(JSON.parse(JSON.stringify(buildAgentCard(echo, url))));
    }
    expect(() => createA2aApp({ ...echo, description: ' ' })).toThrow('description');
  });

  test('names the address that it is told', async () => {
    const app = createA2aApp(echo, { baseUrl: 'https://agents.example.com/echo' });
    expect(app.card.url).toBe('https://agents.example.com/echo/a2a');
    expect(() => createA2aApp(echo).card).toThrow('baseUrl');
  });
});

describe('the examples of the seeds', () => {
  test('message/send with a bare text', async () => {
    const url = await serve(echo);
    const answer = await rpc(`${url}/a2a`, 'message/send', {
      message: { role: 'user', messageId: 'msg-123', parts: [{ text: 'Hello!' }] },
    });
    expect(answer).toMatchObject({
      id: 1,
      result: { status: { state: 'completed' }, artifacts: [{ parts: [{ text: 'Hello!' }] }] },
    });
  });

  test('message/stream at /a2a/stream, in adk’s shape, live', async () => {
    const { agent, say } = scripted();
    const url = await serve(agent);
    const sent = post(`${url}/a2a/stream`, {
      jsonrpc: '2.0',
      method: 'message/stream',
      params: { message: hello() },
      id: 7,
    });
    const reader = (await sent).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (words: string) => {
      while (!text.includes(words)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended before ${words}: ${text}`);
        text += value;
      }
    };
    await until('"working"');
    say({ type: 'text', text: 'first' });
    await until('first'); // nothing else has been said yet
    say({ type: 'text', text: 'second' }, undefined);
    await until('event: done');
    const results = dataOf(text).map(({ id, result }) => {
      expect(id).toBe(7);
      return result!;
    });
    expect(results).toMatchObject([
      { status: { state: 'submitted' }, finalUpdate: false },
      { status: { state: 'working' }, finalUpdate: false },
      { artifact: { parts: [{ text: 'first' }] }, append: false, lastChunk: false },
      { artifact: { parts: [{ text: 'second' }] }, append: true, lastChunk: false },
      { status: { state: 'completed' }, finalUpdate: true, final: true },
    ]);
  });

  test('tasks/cancel by taskId ends the work', async () => {
    const { agent, inputs } = scripted();
    const url = await serve(agent);
    const params = { message: hello(), configuration: { blocking: false } };
    const { result } = await rpc(`${url}/a2a`, 'message/send', params);
    const canceled = await rpc(`${url}/a2a`, 'tasks/cancel', { taskId: result!['id'] });
    expect(canceled.result).toMatchObject({ id: result!['id'], status: { state: 'canceled' } });
    expect(inputs[0]!.signal.aborted).toBe(true);
    expect((await rpc(`${url}/a2a`, 'tasks/cancel', { taskId: 'task-123' })).error?.code).toBe(-32001);
  });

  test.each<[string, unknown, number]>([
    ['another version', { jsonrpc: '1.0', method: 'message/send', id: 1 }, -32600],
    ['a batch', [], -32600],
    ['an unknown method', { jsonrpc: '2.0', method: 'tasks/dance', params: {}, id: 1 }, -32601],
    ['no params', { jsonrpc: '2.0', method: 'message/send', id: 1 }, -32602],
    [
      'no parts',
      { jsonrpc: '2.0', method: 'message/send', params: { message: { ...hello(), parts: [] } }, id: 1 },
      -32602,
    ],
    ['no JSON', '{', -32700],
    ['too deep', '['.repeat(1_000) + ']'.repeat(1_000), -32700],
  ])('%s is refused', async (_, body, code) => {
    const url = await serve(echo);
    const answer = await post(`${url}/a2a`, body);
    expect([answer.status, ((await answer.json()) as Envelope).error?.code]).toEqual([200, code]);
    const stream = await post(`${url}/a2a/stream`, body);
    expect([stream.status, ((await stream.json()) as Envelope).error?.code]).toEqual([400, code]);
  });
});

describe('with the SDK’s own client', () => {
  test('updates, result, conversation', async () => {
    const heard: string[][] = [];
    const url = await serve(
      agentOf(async function* ({ message, history }) {
        heard.push(history.map(({ role, parts }) => `${role}: ${textOf(parts)}`));
        yield { type: 'text', text: `you said ${textOf(message.parts)}` };
        yield { type: 'parts', parts: [{ kind: 'data', data: { n: 1 } }] };
      }),
    );
    const client = await A2aClient.fromUrl(url);
    const { result } = await client.sendMessage('hi');
    expect(resultText(result!)).toBe('you said hi');
    expect(result).toMatchObject({
      artifacts: [{ parts: [{ kind: 'text' }, { kind: 'data', data: { n: 1 } }] }],
    });
    const agent = RemoteA2aAgent.builder('echo').agentUrl(url).build();
    await ask(agent, 'one', { contextId: 'c' });
    await ask(agent, 'two', { contextId: 'c' });
    expect(heard).toEqual([[], [], ['user: one', 'agent: you said one']]);
  });

  test.each([true, false])(
    'an agent asks back, and goes on with the answer (streaming: %s)',
    async (streaming) => {
      const url = await serve(
        agentOf(async function* ({ message, history }) {
          if (history.length === 0) {
            yield { type: 'text', text: 'Let me see. ' };
            yield { type: 'input-required', text: 'Which city?' };
          } else yield { type: 'text', text: `Sunny in ${textOf(message.parts)}` };
        }),
      );
      const agent = RemoteA2aAgent.builder('weather').agentUrl(url).streaming(streaming).build();
      const events: AgentEvent[] = [];
      for (const text of ['How is the weather?', 'Oslo'])
        for await (const event of agent.run(inputOf(text, { contextId: 'c' }))) events.push(event);
      expect(events).toEqual([
        { type: 'text', text: 'Let me see. ' },
        { type: 'input-required', text: 'Which city?' },
        { type: 'text', text: 'Sunny in Oslo' },
      ]);
      await expect(ask(agent, 'And elsewhere?')).rejects.toMatchObject({ state: 'input-required' });
    },
  );

  test('a reader that comes later sees the task as it is, then the rest', async () => {
    const { agent, say } = scripted();
    const client = await A2aClient.fromUrl(await serve(agent));
    const first = client.sendStreamingMessage('go');
    const { value: task } = await first.next();
    if (task?.kind !== 'task') throw new Error('expected the task first');
    say({ type: 'text', text: 'one ' }, { type: 'text', text: 'two ' });
    for await (const update of first)
      if (update.kind === 'artifact-update' && textOf(update.artifact.parts) === 'two ') break; // leaves
    const second = client.resubscribe(task.id);
    expect(await second.next()).toMatchObject({
      value: { kind: 'task', artifacts: [{ parts: [{ kind: 'text', text: 'one two ' }] }] },
    });
    say({ type: 'text', text: 'three' }, undefined);
    const rest = [];
    for await (const update of second) rest.push(update.kind);
    expect(rest).toEqual(['artifact-update', 'status-update']);
    expect(resultText(await client.getTask(task.id))).toBe('one two three');
    await expect(client.resubscribe(task.id).next()).rejects.toMatchObject({ code: -32004 });
    await expect(client.cancelTask(task.id)).rejects.toMatchObject({ code: -32002 });
    const { error } = await client.sendMessage({
      kind: 'message',
      messageId: 'm',
      role: 'user',
      parts: [{ kind: 'text', text: 'more' }],
      taskId: task.id,
    });
    expect(error).toMatchObject({ code: -32004 });
  });

  test('whoever gives up cancels the task at the other side', async () => {
    const { agent, inputs, say } = scripted();
    const remote = RemoteA2aAgent.builder('echo')
      .agentUrl(await serve(agent))
      .build();
    const enough = new AbortController();
    const events = remote.run(inputOf('go', { signal: enough.signal }));
    say({ type: 'text', text: 'one' });
    expect((await events.next()).value).toEqual({ type: 'text', text: 'one' });
    enough.abort(new Error('enough'));
    await expect(events.next()).rejects.toThrow('enough');
    await eventually(() => inputs[0]!.signal.aborted);
  });

  test('thousands of pieces', async () => {
    const pieces = Array.from({ length: 5_000 }, (_, i) => `${i} `);
    const url = await serve(
      agentOf(async function* () {
        for (const text of pieces) yield { type: 'text', text };
      }),
    );
    expect(await ask(RemoteA2aAgent.builder('many').agentUrl(url).build(), 'go')).toBe(pieces.join(''));
  });

  test('ended tasks are forgotten, oldest first', async () => {
    const client = await A2aClient.fromUrl(await serve(echo, { keepTasks: 2 }));
    const ids: string[] = [];
    for (const text of ['a', 'b', 'c', 'd']) {
      const { result } = await client.sendMessage(text);
      if (result?.kind === 'task') ids.push(result.id);
    }
    await expect(client.getTask(ids[0]!)).rejects.toMatchObject({ code: -32001 });
    expect((await client.getTask(ids[3]!)).status.state).toBe('completed');
  });
});

describe.each(['1.0', '0.3'])('with the official SDK’s client, %s', (version) => {
  async function connect(url: string): Promise<Client> {
    const legacyCompat = { enabled: true };
    const resolver = new DefaultAgentCardResolver({ legacyCompat });
    const card = await resolver.resolve(url);
    const only = card.supportedInterfaces.filter(({ protocolVersion }) => protocolVersion === version);
    const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ legacyCompat })] });
    const client = await factory.createFromAgentCard({ ...card, supportedInterfaces: only });
    expect(client.protocolVersion).toBe(version);
    return client;
  }
  const request = (text: string) => ({
    tenant: '',
    message: {
      messageId: randomUUID(),
      contextId: '',
      taskId: '',
      role: SdkRole.ROLE_USER,
      parts: [
        {
          content: { $case: 'text' as const, value: text },
          metadata: undefined,
          filename: '',
          mediaType: '',
        },
      ],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    configuration: undefined,
    metadata: undefined,
  });

  test('send, get, cancel, stream', async () => {
    const client = await connect(await serve(echo));
    const task = await client.sendMessage(request('Hello there'));
    if (!('status' in task)) throw new Error('expected a task');
    expect(task.status?.state).toBe(SdkTaskState.TASK_STATE_COMPLETED);
    expect(task.artifacts[0]?.parts[0]?.content).toEqual({ $case: 'text', value: 'Hello there' });
    expect((await client.getTask({ tenant: '', id: task.id })).history).toHaveLength(1);
    await expect(client.cancelTask({ tenant: '', id: task.id, metadata: undefined })).rejects.toMatchObject({
      name: 'TaskNotCancelableError',
    });
    await expect(client.getTask({ tenant: '', id: 'nope' })).rejects.toMatchObject({
      name: 'TaskNotFoundError',
    });
    const events: StreamResponse[] = [];
    for await (const event of client.sendMessageStream(request('Hello there'))) events.push(event);
    expect(events.map(({ payload }) => payload?.$case)).toEqual([
      'task',
      'statusUpdate',
      'statusUpdate',
      'artifactUpdate',
      'artifactUpdate',
      'statusUpdate',
    ]);
  });

  if (version === '1.0')
    test('lists its tasks, page by page', async () => {
      const client = await connect(await serve(echo));
      for (const text of ['a', 'b', 'c']) await client.sendMessage(request(text));
      const query = {
        tenant: '',
        contextId: '',
        status: SdkTaskState.TASK_STATE_COMPLETED,
        pageSize: 2,
        pageToken: '',
        statusTimestampAfter: undefined,
        includeArtifacts: true,
      };
      const first = await client.listTasks(query);
      expect(first).toMatchObject({ totalSize: 3, pageSize: 2 });
      const second = await client.listTasks({ ...query, pageToken: first.nextPageToken });
      expect(second.nextPageToken).toBe('');
      expect(new Set([...first.tasks, ...second.tasks].map(({ id }) => id)).size).toBe(3);
      expect((await client.listTasks({ ...query, status: SdkTaskState.TASK_STATE_FAILED })).tasks).toEqual(
        [],
      );
      await expect(client.listTasks({ ...query, pageSize: 101 })).rejects.toMatchObject({
        name: 'RequestMalformedError',
      });
    });
});

describe('security', () => {
  const failing = agentOf(async function* () {
    throw new Error('password is hunter2');
  });
  const failure = async (security: SecurityConfig) => {
    const errors: unknown[] = [];
    const url = await serve(failing, { security, onError: (error) => errors.push(error) });
    const { result } = await (await A2aClient.fromUrl(url)).sendMessage('x');
    if (result?.kind !== 'task') throw new Error('expected a task');
    expect(errors).toHaveLength(1);
    return { state: result.status.state, said: textOf(result.status.message?.parts ?? []) };
  };

  test('why an agent failed is told in development only', async () => {
    expect(await failure(SecurityConfig.development())).toEqual({
      state: 'failed',
      said: 'password is hunter2',
    });
    expect(await failure(SecurityConfig.production([]))).toEqual({
      state: 'failed',
      said: 'The agent failed',
    });
  });

  test('presets', () => {
    const MB10 = 10 * 1024 * 1024;
    expect(SecurityConfig.development()).toEqual({
      allowedOrigins: [],
      requestTimeoutMs: 60_000,
      maxBodyBytes: MB10,
      exposeErrorDetails: true,
    });
    expect(SecurityConfig.production(['https://myapp.com'])).toEqual({
      allowedOrigins: ['https://myapp.com'],
      requestTimeoutMs: 30_000,
      maxBodyBytes: MB10,
      exposeErrorDetails: false,
    });
  });

  test('CORS: all origins in development, the listed ones in production', async () => {
    const allowed = async (url: string, origin: string) => {
      const answer = await fetch(`${url}/a2a`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(answer.status).toBe(204);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      return answer.headers.get('access-control-allow-origin');
    };
    const open = await serve(echo, { security: SecurityConfig.development() });
    expect(await allowed(open, 'https://anyone.example')).toBe('*');
    const security = SecurityConfig.production(['https://myapp.com', 'https://admin.myapp.com']);
    const closed = await serve(echo, { security });
    expect(await allowed(closed, 'https://admin.myapp.com')).toBe('https://admin.myapp.com');
    expect(await allowed(closed, 'https://anyone.example')).toBeNull();
  });

  test('headers on every answer; a request id is echoed when it is one', async () => {
    const url = await serve(echo);
    const id = randomUUID();
    for (const path of ['/.well-known/agent.json', '/health', '/nowhere', '/a2a']) {
      const { headers } = await fetch(url + path, { headers: { 'x-request-id': id } });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-xss-protection')).toBe('1; mode=block');
      expect(headers.get('x-request-id')).toBe(id);
    }
    const made = (await fetch(url, { headers: { 'x-request-id': 'evil' } })).headers.get('x-request-id');
    expect(made).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('404, 405, 413, 415', async () => {
    const url = await serve(echo, { security: { ...SecurityConfig.default(), maxBodyBytes: 1_000 } });
    for (const path of ['/nowhere', '//', '/%00', '/a2a/stream/x'])
      expect((await fetch(url + path)).status).toBe(404);
    const wrong = await fetch(`${url}/a2a`);
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    const large = {
      jsonrpc: '2.0',
      id: 1,
      method: 'message/send',
      params: { message: hello('x'.repeat(2_000)) },
    };
    expect((await post(`${url}/a2a`, large)).status).toBe(413);
    expect((await post(`${url}/a2a`, 'x', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  test('408 at the request timeout, on every answer that has not begun; the task lives on', async () => {
    const { agent, inputs, say } = scripted();
    const url = await serve(agent, { security: { ...SecurityConfig.default(), requestTimeoutMs: 100 } });
    const call = {
      jsonrpc: '2.0',
      id: 1,
      method: 'message/send',
      params: { message: { ...hello(), contextId: 'c' } },
    };
    const late = await post(`${url}/a2a`, call);
    expect([late.status, late.headers.get('x-frame-options')]).toEqual([408, 'DENY']);
    expect(inputs[0]!.signal.aborted).toBe(false);
    const stream = await post(`${url}/a2a`, { ...call, method: 'message/stream' });
    expect(stream.status).toBe(200);
    say({ type: 'text', text: 'late' }, undefined);
    say(undefined);
    await stream.body!.cancel();
  });

  test('who may not call is told so; the card is open and says what is needed', async () => {
    const url = await serve(echo, { authorize: ({ headers }) => headers.authorization === 'Bearer good' });
    const card = (await (await fetch(`${url}/.well-known/agent-card.json`)).json()) as Fields;
    expect(card['security']).toEqual([{ bearer: [] }]);
    for (const path of ['/a2a', '/a2a/stream']) {
      const without = await post(url + path, {});
      expect([without.status, await without.json()]).toEqual([401, { error: 'missing authorization' }]);
      expect((await post(url + path, {}, { authorization: 'Bearer bad' })).status).toBe(401);
    }
    const client = await A2aClient.fromUrl(url, { token: 'good' });
    expect((await client.sendMessage('hi')).result).toMatchObject({ status: { state: 'completed' } });
  });
});

test('as part of an Express application', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { handle } = createA2aApp(echo, { baseUrl: `${base}/agents/echo` });
  server.on('request', express().use('/agents/echo', handle));
  const client = await A2aClient.fromUrl(`${base}/agents/echo`);
  expect(resultText((await client.sendMessage('hi')).result!)).toBe('hi');
  server.closeAllConnections();
  server.close();
});
