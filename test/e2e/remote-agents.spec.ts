import { A2aAgent, type A2aAgentOptions } from '../fakes/a2a-agent.js';
import { AdkServer } from '../fakes/adk-server.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { type Answer, type Fields, Orchestrator } from '../support/orchestrator.js';
import { closeAllBots, TestBot } from '../support/test-bot.js';

/** Remote A2A agents behind the built gateway: the official SDK's own server, and one of the adk family. */

/** Everything that waits is short, so that tests need not. */
const QUICK = {
  GATEWAY_REMOTES_POLL_INTERVAL: '300ms',
  GATEWAY_REMOTES_RETRY_MIN: '50ms',
  GATEWAY_REMOTES_RETRY_MAX: '300ms',
  GATEWAY_REMOTES_TIMEOUT: '5s',
};

let gateway: GatewayProcess;
let caller: Orchestrator;
const servers: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  // The SDK's server writes there what it refuses.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  gateway = await GatewayProcess.start({ env: QUICK });
  caller = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await closeAllBots();
  const { agents } = (await caller.get('/agents')).body as { agents: { id: string; kind: string }[] };
  for (const { id, kind } of agents)
    if (kind === 'a2a') await caller.request('DELETE', `/agents/${encodeURIComponent(id)}`);
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function anAgent(options: A2aAgentOptions = {}): Promise<A2aAgent> {
  const agent = await A2aAgent.start(options);
  servers.push(agent);
  return agent;
}

const register = (fields: Fields): Promise<Answer> => caller.post('/agents', fields);

async function registered(options: A2aAgentOptions = {}, fields: Fields = {}): Promise<A2aAgent> {
  const agent = await anAgent(options);
  const { status, text } = await register({ card_url: agent.url, ...fields });
  if (status !== 200) throw new Error(`not registered: ${status} ${text}`);
  return agent;
}

const submit = async (instruction: string, fields: Fields = {}): Promise<string> =>
  (await caller.submit({ skill: 'echo', instruction, ...fields })).task_id;

/** The task once it is in that state. */
const inState = (id: string, state: string): Promise<Fields> =>
  eventually(
    async () => {
      const task = await caller.task(id);
      if (task['status'] === state) return task;
      throw new Error(`wanted ${state}: ${JSON.stringify(task)}`);
    },
    { timeoutMs: 15_000 },
  );

const done = async (instruction: string, fields: Fields = {}): Promise<Fields> =>
  inState(await submit(instruction, fields), 'completed');

/** The caller's answer to a question of the agent. */
async function answer(taskId: string, text: string): Promise<void> {
  const message = { messageId: crypto.randomUUID(), role: 'ROLE_USER', taskId, parts: [{ text }] };
  const { text: said } = await caller.post(
    '/a2a',
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'SendMessage',
      params: { message, configuration: { returnImmediately: true } },
    },
    { 'a2a-version': '1.0' },
  );
  expect(said).not.toContain('"error"');
}

/** The texts of an artifact in one. */
const textOf = (task: Fields): string => {
  const { text = '', parts = [] } = (task['artifact'] ?? {}) as {
    text?: string;
    parts?: { text?: string }[];
  };
  return text + parts.map((part) => part.text ?? '').join('');
};

describe.each([
  ['1.0', 'JSONRPC', true],
  ['1.0', 'JSONRPC', false],
  ['1.0', 'HTTP+JSON', true],
  ['1.0', 'HTTP+JSON', false],
  ['0.3', 'JSONRPC', true],
  ['0.3', 'JSONRPC', false],
  ['0.3', 'HTTP+JSON', true],
  ['0.3', 'HTTP+JSON', false],
  ['1.0', 'GRPC', true],
  ['1.0', 'GRPC', false],
  ['0.3', 'GRPC', true],
  ['0.3', 'GRPC', false],
] as const)('an agent of A2A %s over %s, streaming %s', (version, binding, streaming) => {
  const options = { version, binding, streaming };

  test('works on tasks', async () => {
    const agent = await registered(options);
    const task = await done('hello');
    expect(textOf(task)).toBe('echo: hello');
    expect(task['artifact']).toMatchObject({ artifact_id: 'answer', name: 'Answer' });
    expect(agent.asked).toHaveLength(1);
    expect(agent.asked[0]!.message.messageId).toBe(task['task_id']);
    const { body } = await caller.get('/agents/remote');
    expect(body).toMatchObject({ streaming, protocol: { binding, version } });
  });

  test('brings an artifact in chunks', async () => {
    await registered(options);
    expect(textOf(await done('chunks 20'))).toBe(Array.from({ length: 20 }, (_, i) => `${i + 1} `).join(''));
  });

  test('answers by a message', async () => {
    await registered(options);
    const id = await submit('message just so');
    await inState(id, 'completed');
    const { text } = await caller.get(`/tasks/${id}`);
    expect(text).toContain('just so');
  });

  test('fails and rejects with its own words', async () => {
    await registered(options);
    expect(await inState(await submit('fail no paper'), 'failed')).toMatchObject({
      error: 'no paper',
      error_code: 'AGENT_FAILED',
    });
    expect(await inState(await submit('reject not me'), 'rejected')).toMatchObject({ error: 'not me' });
  });

  test('asks its caller back, and goes on with the answer', async () => {
    const agent = await registered(options);
    const id = await submit('ask');
    await inState(id, 'input_required');
    await answer(id, 'the red one');
    expect(textOf(await inState(id, 'completed'))).toBe('echo: the red one');
    const [first, second] = agent.asked;
    expect(agent.asked).toHaveLength(2);
    expect(second).toMatchObject({ taskId: first!.taskId, contextId: first!.contextId });
    expect(second!.message.messageId).not.toBe(first!.message.messageId);
  });

  test('is told when a task is canceled that waits for its caller', async () => {
    const agent = await registered(options);
    const id = await submit('ask');
    await inState(id, 'input_required');
    expect((await caller.post(`/tasks/${id}/cancel`)).status).toBe(200);
    await eventually(() => agent.canceled.length > 0);
    expect(agent.canceled).toEqual([agent.asked[0]!.taskId]);
  });

  test('waits for authorization, and goes on by itself', async () => {
    const agent = await registered(options);
    const id = await submit('auth');
    await inState(id, 'auth_required');
    agent.release();
    expect(textOf(await inState(id, 'completed'))).toBe('echo: auth');
  });

  test('is told when a task is canceled', async () => {
    const agent = await registered(options);
    const id = await submit('hold');
    await inState(id, 'running');
    await eventually(() => agent.asked.length === 1);
    expect((await caller.post(`/tasks/${id}/cancel`)).status).toBe(200);
    await eventually(() => agent.canceled.length > 0);
    expect(agent.canceled).toEqual([agent.asked[0]!.taskId]);
  });

  test('is followed again when the connection breaks', async () => {
    const agent = await registered(options);
    const id = await submit('hold');
    await inState(id, 'running');
    await agent.cut();
    // Over gRPC the fake sees no requests.
    if (binding !== 'GRPC') await eventually(() => agent.headers.length > 1);
    agent.release();
    expect(textOf(await inState(id, 'completed'))).toBe('echo: hold');
    expect(agent.asked).toHaveLength(1);
  });

  test('keeps its task over a crash of the gateway', async () => {
    const agent = await registered(options);
    const id = await submit('hold', { timeout_s: 60 });
    await inState(id, 'running');
    await gateway.kill9();
    await gateway.restart();
    await inState(id, 'running');
    agent.release();
    expect(textOf(await inState(id, 'completed'))).toBe('echo: hold');
    expect(agent.asked).toHaveLength(1);
  });
});

describe('an agent of the adk family', () => {
  const anAdk = async (agent = (words: string) => ({ pieces: [`prime: `, words] })) => {
    const server = await AdkServer.start(agent);
    servers.push(server);
    return server;
  };
  const paths = ({ calls }: AdkServer) => calls.map(({ path, method }) => `${path} ${method}`);

  test('is found by agent.json; its skills keep their ids and tags', async () => {
    const adk = await anAdk();
    const { status, body } = await register({ card_url: adk.url });
    expect([status, body['skills']]).toEqual([
      200,
      [{ id: 'fake_adk', name: 'fake_adk', description: 'Answers', tags: ['agent'] }],
    ]);
  });

  test.each([
    ['as its card says', {}, '/a2a/stream message/stream'],
    ['forced', { streaming: true }, '/a2a/stream message/stream'],
    ['forbidden', { streaming: false }, '/a2a message/send'],
  ])('is streamed to %s', async (_, fields, call) => {
    const adk = await anAdk();
    await register({ card_url: adk.url, ...fields });
    const task = await done('7', { skill: 'fake_adk' });
    expect(textOf(task)).toBe('prime: 7');
    expect(paths(adk)).toContain(call);
  });

  test('fails with the text that its status has', async () => {
    const adk = await anAdk(() => ({ pieces: [], failure: 'no primes today' }) as never);
    await register({ card_url: adk.url });
    const id = await submit('7', { skill: 'fake_adk' });
    expect(await inState(id, 'failed')).toMatchObject({ error: 'no primes today' });
  });
});

test('a local bot and two remote agents: each gets the tasks of its skill', async () => {
  const bot = await TestBot.connect({ url: gateway.botUrl, name: 'roll_agent', skills: ['roll'] });
  const sdk = await registered({ name: 'writer', skills: ['write', 'edit'] });
  const adk = await AdkServer.start((words) => ({ pieces: [words] }));
  servers.push(adk);
  await register({ card_url: adk.url, name: 'prime_agent' });
  const [rolled, written, checked] = await Promise.all([
    done('roll', { skill: 'roll' }),
    done('a poem', { skill: 'edit' }),
    done('7', { skill: 'fake_adk' }),
  ]);
  expect([rolled, written, checked].map((task) => task['assigned_agent'])).toEqual([
    'roll_agent',
    'writer',
    'prime_agent',
  ]);
  // Of an agent with several skills the one that is meant is named.
  expect(sdk.asked[0]!.message.metadata).toMatchObject({ skill: 'edit' });
  await bot.close();
});

describe('messages', () => {
  test('pass unchanged, with the parts and the metadata of the caller', async () => {
    const agent = await registered();
    const parts = [
      { text: 'look', metadata: { lang: 'en' } },
      { raw: Buffer.from('file').toString('base64'), filename: 'a.txt', mediaType: 'text/plain' },
      { url: 'https://files.example/b.png', mediaType: 'image/png' },
      { data: { deep: [1, { two: true }] } },
    ];
    const message = { messageId: 'm-1', role: 'ROLE_USER', parts, metadata: { tone: 'calm' } };
    const call = { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } };
    const sent = await caller.post('/a2a/agents/remote', call, { 'a2a-version': '1.0' });
    expect(sent.body).toMatchObject({ result: { task: { status: { state: 'TASK_STATE_COMPLETED' } } } });
    const [asked] = agent.asked;
    expect(asked!.message.metadata).toMatchObject({ tone: 'calm' });
    expect(asked!.message.parts).toMatchObject([
      { content: { $case: 'text', value: 'look' }, metadata: { lang: 'en' } },
      { content: { $case: 'raw' }, filename: 'a.txt', mediaType: 'text/plain' },
      { content: { $case: 'url', value: 'https://files.example/b.png' }, mediaType: 'image/png' },
      { content: { $case: 'data', value: { deep: [1, { two: true }] } } },
    ]);
  });

  test('of other agents reach it; its sender is told when they do not', async () => {
    const agent = await registered();
    const mail = { from_agent_id: 'writer', to_agent_id: 'remote', conversation_id: 'conv-1' };
    const content = [{ type: 'text', text: 'echo this' }];
    const sent = await caller.post('/gateway/send', { ...mail, content, metadata: { tone: 'calm' } });
    expect(sent.status).toBe(200);
    expect(agent.asked[0]!.message).toMatchObject({
      messageId: sent.body['message_id'],
      parts: [{ content: { value: 'echo this' } }],
      metadata: { from_agent_id: 'writer', conversation_id: 'conv-1', tone: 'calm' },
    });
    await agent.close();
    const lost = await caller.post('/gateway/send', { ...mail, content });
    expect([lost.status, lost.text]).toEqual([502, expect.stringContaining('no connection')]);
    await agent.listen();
  });

  test('of one context of ours belong to one context of the agent', async () => {
    const agent = await registered();
    await done('one', { context_id: 'talk' });
    await done('two', { context_id: 'talk' });
    await done('three', { context_id: 'another' });
    const [one, two, three] = agent.asked.map(({ contextId }) => contextId);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    expect(one).not.toBe('talk');
  });
});

describe('registration', () => {
  test('survives a restart, credentials included', async () => {
    const agent = await registered({}, { auth: { type: 'bearer', token: 'tok-123' }, max_concurrency: 3 });
    await gateway.restart();
    await eventually(async () => {
      const { body } = await caller.get('/agents/remote');
      return body['max_concurrency'] === 3 && body['status'] === 'online';
    });
    await done('hello');
    expect(agent.headers.at(-1)).toMatchObject({ authorization: 'Bearer tok-123' });
  });

  test('again replaces everything', async () => {
    const agent = await registered({}, { auth: { type: 'bearer', token: 'old' } });
    await register({ card_url: agent.url, auth: { type: 'api_key', name: 'X-Key', key: 'new' } });
    await done('hello');
    const headers = agent.headers.at(-1)!;
    expect([headers['x-key'], headers.authorization]).toEqual(['new', undefined]);
    const { agents } = (await caller.get('/agents')).body as { agents: Fields[] };
    expect(agents).toHaveLength(1);
  });

  test('by the URL of the card itself, under another name', async () => {
    const agent = await anAgent();
    const { body } = await register({ card_url: `${agent.url}/.well-known/agent-card.json`, name: 'mine' });
    expect(body).toMatchObject({ id: 'mine', version: '1.2.3', kind: 'a2a', status: 'online' });
    await done('hello', { agent: 'mine' });
  });

  test.each<[string, Fields, number, RegExp]>([
    ['no URL', {}, 400, /^card_url: got nothing/],
    ['no http', { card_url: 'ftp://x.example' }, 400, /^card_url: /],
    ['credentials in the URL', { card_url: 'http://u:p@x.example' }, 400, /^card_url: /],
    ['metadata', { card_url: 'http://169.254.169.254/' }, 400, /^card_url: .*public address/],
    ['nobody there', { card_url: 'http://127.0.0.1:1' }, 502, /^card_url: .*no connection/],
    ['unknown auth', { card_url: 'http://127.0.0.1:1', auth: { type: 'basic' } }, 400, /^auth.type: /],
    [
      'bad token',
      { card_url: 'http://127.0.0.1:1', auth: { type: 'bearer', token: 'a\nb' } },
      400,
      /^auth.token: /,
    ],
    [
      'a name like a header',
      { card_url: 'http://127.0.0.1:1', auth: { type: 'api_key', name: 'Host', key: 'x' } },
      400,
      /^auth.name: /,
    ],
    ['capacity', { card_url: 'http://127.0.0.1:1', max_concurrency: 0 }, 400, /^max_concurrency: /],
    ['streaming', { card_url: 'http://127.0.0.1:1', streaming: 'yes' }, 400, /^streaming: /],
  ])('refuses %s', async (_, fields, status, detail) => {
    const answer = await register(fields);
    expect([answer.status, answer.body['detail']]).toEqual([status, expect.stringMatching(detail)]);
    expect(answer.text).not.toContain('a\nb');
  });

  test.each<[string, (agent: A2aAgent) => void, RegExp]>([
    ['without a name', ({ card }) => void (card.name = ''), /card\.name/],
    ['with a name that forges lines', ({ card }) => void (card.name = 'a\nb'), /card\.name/],
    ['without an interface', ({ card }) => void (card.supportedInterfaces = []), /no interface/],
  ])('refuses a card %s', async (_, change, detail) => {
    const agent = await anAgent();
    change(agent);
    const answer = await register({ card_url: agent.url });
    expect([answer.status, answer.body['detail']]).toEqual([502, expect.stringMatching(detail)]);
  });

  test('leaves a name to the bot that has it', async () => {
    await TestBot.connect({ url: gateway.botUrl, name: 'remote', skills: ['x'] });
    const agent = await anAgent();
    expect((await register({ card_url: agent.url })).status).toBe(409);
    expect((await caller.request('DELETE', '/agents/remote')).status).toBe(409);
    expect((await caller.get('/agents/remote')).body).toMatchObject({ kind: 'bot' });
  });

  test('ends by DELETE: the agent is gone, also after a restart', async () => {
    await registered();
    expect((await caller.request('DELETE', '/agents/remote')).status).toBe(204);
    expect((await caller.get('/agents/remote')).status).toBe(404);
    await gateway.restart();
    expect((await caller.get('/agents/remote')).status).toBe(404);
    expect((await caller.request('DELETE', '/agents/remote')).status).toBe(404);
  });

  test('a changed card is taken over', async () => {
    const agent = await registered();
    agent.card.skills[0]!.id = 'sing';
    const { status, body } = await caller.post('/agents/remote/refresh');
    expect([status, body['skills']]).toEqual([200, [expect.objectContaining({ id: 'sing' })]]);
    await done('la', { skill: 'sing' });
  });
});
