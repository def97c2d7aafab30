import { GatewayClient } from '../../src/sdk/index.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';

/** Tasks whose agents ask back, over every API, on the wire. */

let gateway: GatewayProcess;
let http: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
});

const aBot = (options: object = {}): Promise<TestBot> =>
  TestBot.connect({ url: gateway.botUrl, name: 'asker', skills: ['ask'], behaviour: silent, ...options });

const submitted = async (bot: TestBot): Promise<string> => {
  const { task_id: id } = await http.submit({ skill: 'ask', instruction: 'book a table' });
  await bot.expectTask(id);
  return id;
};

const asking = async (bot: TestBot, message: unknown = 'for how many?'): Promise<string> => {
  const id = await submitted(bot);
  await bot.report(id, { status: 'input_required', message });
  return id;
};

const said = (text: string, role = 'agent') => ({ role, parts: [{ type: 'text', text }] });

/** The frame by which the bot gets an answer. */
const answerTo = (bot: TestBot, id: string): Promise<Fields> =>
  bot
    .expectFrame(
      ({ method, params }) =>
        method === 'tasks/send' &&
        params?.['id'] === id &&
        (params['metadata'] as Fields)['continuation'] === true,
    )
    .then(({ params }) => params!);

const log = async (id: string): Promise<Fields[]> =>
  (await (await http.stream(id)).toEnd()).map(({ data }) => data);

const rpc = async (method: string, params: object): Promise<Fields> => {
  const version = /^[A-Z]/.test(method) ? '1.0' : '0.3';
  const body = { jsonrpc: '2.0', id: 1, method, params };
  return (await http.request('POST', '/a2a', body, { 'a2a-version': version })).body;
};

describe('by REST', () => {
  it('question, answer, result: in the view, in the stream, at the bot', async () => {
    const bot = await aBot({ maxConcurrency: 1 });
    const id = await asking(bot);
    expect(await http.task(id)).toMatchObject({ status: 'input_required', message: said('for how many?') });
    expect((await http.agent('asker'))?.load).toBe(0);

    const answer = await http.post(`/tasks/${id}/messages`, { instruction: 'four' });
    expect([answer.status, answer.body]).toMatchObject([200, { task_id: id, status: 'queued' }]);
    expect(await answerTo(bot, id)).toMatchObject({
      id,
      message: said('four', 'user'),
      metadata: { skill: 'ask', continuation: true },
    });
    await bot.report(id, { status: 'completed', artifact: { text: 'booked' } });
    expect(await log(id)).toMatchObject([
      { event: 'queued' },
      { event: 'input_required', task_id: id, message: said('for how many?') },
      { event: 'queued', agent_id: 'asker', message: said('four', 'user') },
      { event: 'completed', artifact: { text: 'booked' } },
    ]);
    expect(await http.task(id)).toMatchObject({
      status: 'completed',
      attempt: 1,
      artifact: { text: 'booked' },
    });
  });

  it('an answer is refused where nobody asks, and by field where it is wrong', async () => {
    const bot = await aBot();
    const id = await submitted(bot);
    const post = (body: unknown, headers = {}) => http.post(`/tasks/${id}/messages`, body, headers);
    expect(await post({ instruction: 'x' })).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    await bot.report(id, { status: 'input-required', message: 'well?' });
    expect((await post({})).body).toMatchObject({ code: 'INVALID' });
    expect((await post({ message: { parts: [] } })).body['detail']).toContain('message.parts');
    expect((await post({ instruction: 'x' }, { 'idempotency-key': 'ü'.normalize() })).status).toBe(400);
    const key = { 'idempotency-key': 'once' };
    expect((await post({ instruction: 'x' }, key)).status).toBe(200);
    expect((await post({ instruction: 'x' }, key)).status).toBe(200);
    expect((await post({ instruction: 'y' }, key)).body).toMatchObject({ code: 'CONFLICT' });
    await answerTo(bot, id);
    await bot.complete(id);
    expect(await post({ instruction: 'z' })).toMatchObject({ status: 409, body: { code: 'TASK_TERMINAL' } });
    expect(bot.tasks).toHaveLength(2);
  });

  it('a bot that rejects, one that waits for an authorization and goes on by itself, one that says things', async () => {
    const bot = await aBot();
    const rejected = await submitted(bot);
    await bot.report(rejected, { status: 'rejected', message: 'not here' });
    expect(await http.task(rejected)).toMatchObject({
      status: 'rejected',
      error: 'not here',
      error_code: 'REJECTED',
      message: said('not here'),
    });
    const id = await submitted(bot);
    await bot.report(id, { status: 'auth-required', message: { parts: [{ data: { url: 'https://x' } }] } });
    expect(await http.task(id)).toMatchObject({
      status: 'auth_required',
      message: { role: 'agent', parts: [{ data: { url: 'https://x' } }] },
    });
    await bot.report(id, { status: 'running', message: 'thank you' });
    expect(await http.task(id)).toMatchObject({ status: 'running', message: said('thank you') });
    await bot.report(id, { status: 'completed', message: 'nothing to show' });
    const events = await log(id);
    expect(events.map(({ event }) => event)).toEqual(['queued', 'auth_required', 'running', 'completed']);
    expect(events.at(-1)).toMatchObject({ artifact: null, message: said('nothing to show') });
    expect(await bot.report(id, { status: 'completed', message: 7 })).toMatchObject({
      error: { data: { reason: 'INVALID', field: 'params.message' } },
    });
  });

  it('several artifacts, readable as they grow', async () => {
    const bot = await aBot();
    const id = await submitted(bot);
    const piece = (artifact: object, append: boolean) =>
      bot.report(id, { status: 'running', artifact, append });
    await piece({ artifactId: 'plan', name: 'Plan', text: 'one' }, true);
    await piece({ artifact_id: 'list', parts: [{ text: 'a' }] }, false);
    await piece({ artifact_id: 'plan', text: ', two' }, true);
    const artifacts = [
      { artifact_id: 'plan', name: 'Plan', text: 'one, two' },
      { artifact_id: 'list', parts: [{ text: 'a' }] },
    ];
    expect(await http.task(id)).toMatchObject({ status: 'running', artifacts });
    await bot.report(id, { status: 'completed' });
    expect(await http.task(id)).toMatchObject({ status: 'completed', artifacts });
    const { body } = await http.rpc('tasks/get', { id });
    expect(body['result']).toMatchObject({ artifacts });
  });
});

it('by JSON-RPC: tasks/continue', async () => {
  const bot = await aBot();
  const id = await asking(bot);
  const { body } = await http.rpc('tasks/continue', { task_id: id, message: { parts: [{ text: 'four' }] } });
  expect(body).toMatchObject({ result: { task_id: id, status: 'queued' } });
  expect(await answerTo(bot, id)).toMatchObject({ message: said('four', 'user') });
  const again = await http.rpc('tasks/continue', { id, instruction: 'five' });
  expect(again.body).toMatchObject({ error: { code: -32002, data: { reason: 'CONFLICT' } } });
});

describe('over a crash', () => {
  it('question and answer survive; what is open comes to its end', async () => {
    const bot = await aBot({ reconnect: true });
    const [asked, answered] = [await asking(bot), await asking(bot)];
    await bot.close();
    expect((await http.post(`/tasks/${answered}/messages`, { instruction: 'four' })).status).toBe(200);
    await gateway.kill9();
    await gateway.restart();
    http = new Orchestrator(gateway.httpUrl);
    expect(await http.task(asked)).toMatchObject({
      status: 'input_required',
      message: said('for how many?'),
    });
    const back = await aBot();
    expect(await answerTo(back, answered)).toMatchObject({ message: said('four', 'user') });
    await back.report(answered, { status: 'completed', artifact: { text: 'booked' } });
    await http.post(`/tasks/${asked}/messages`, { instruction: 'two' });
    await answerTo(back, asked);
    await back.report(asked, { status: 'completed', artifact: { text: 'booked too' } });
    expect(await http.task(answered)).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await http.task(asked)).toMatchObject({ status: 'completed', attempt: 1 });
  });
});

describe('by A2A', () => {
  const message = (text: string, more: object = {}) => ({
    messageId: `m-${Math.random()}`,
    role: 'ROLE_USER',
    parts: [{ text }],
    metadata: { skill: 'ask' },
    ...more,
  });
  const text = (value: string) => [{ text: value }];

  it('a send ends where the agent asks; the next message with the task’s id goes on with it', async () => {
    const bot = await aBot();
    const sent = rpc('SendMessage', { message: message('book a table') });
    const { id } = await bot.expectTask();
    await bot.report(id, { status: 'input_required', message: 'for how many?' });
    const { task } = (await sent)['result'] as { task: Fields };
    expect(task).toMatchObject({
      id,
      status: {
        state: 'TASK_STATE_INPUT_REQUIRED',
        message: { role: 'ROLE_AGENT', parts: text('for how many?') },
      },
    });
    const next = rpc('SendMessage', { message: message('four', { taskId: id }) });
    expect(await answerTo(bot, id)).toMatchObject({ message: { parts: [{ type: 'text', text: 'four' }] } });
    await bot.report(id, { status: 'completed', artifact: { artifactId: 'booking', name: 'B', text: 'ok' } });
    expect(((await next)['result'] as { task: Fields }).task).toMatchObject({
      id,
      status: { state: 'TASK_STATE_COMPLETED' },
      artifacts: [{ artifactId: 'booking', name: 'B', parts: text('ok') }],
      history: [
        { role: 'ROLE_USER', parts: text('book a table') },
        { role: 'ROLE_AGENT', parts: text('for how many?') },
        { role: 'ROLE_USER', parts: text('four') },
      ],
    });
    const one = (await rpc('GetTask', { id, historyLength: 1 }))['result'] as { history: unknown[] };
    expect(one.history).toMatchObject([{ parts: text('four') }]);
    expect((await rpc('SendMessage', { message: message('five', { taskId: id }) }))['error']).toMatchObject({
      code: -32004,
    });
  });

  it('the same answer again is the same answer', async () => {
    const bot = await aBot();
    const id = await asking(bot);
    const answer = { message: message('four', { taskId: id, messageId: 'again' }) };
    const both = [rpc('SendMessage', answer), rpc('SendMessage', answer)];
    await answerTo(bot, id);
    await bot.report(id, { status: 'completed', artifact: { text: 'ok' } });
    for (const { result } of await Promise.all(both))
      expect(result).toMatchObject({ task: { id, status: { state: 'TASK_STATE_COMPLETED' } } });
    expect((await rpc('SendMessage', answer))['result']).toMatchObject({ task: { id } });
    expect(bot.tasks).toHaveLength(2);
  });

  it('an agent that answers by words alone is answered for by a message', async () => {
    const bot = await aBot();
    const sent = rpc('SendMessage', { message: message('hello') });
    const { id } = await bot.expectTask();
    await bot.report(id, { status: 'completed', message: 'hello yourself' });
    expect((await sent)['result']).toMatchObject({
      message: { role: 'ROLE_AGENT', taskId: id, parts: text('hello yourself') },
    });
  });

  it('rejected and auth-required in 0.3’s words; messages pass unchanged, metadata included', async () => {
    const bot = await aBot();
    const send = (more: object) =>
      rpc('message/send', {
        message: {
          kind: 'message',
          messageId: `m-${Math.random()}`,
          role: 'user',
          parts: [{ kind: 'text', text: 'x' }],
          ...more,
        },
      });
    const sent = send({ metadata: { skill: 'ask', colour: 'red' }, referenceTaskIds: ['t-1'] });
    const { id, params } = await bot.expectTask();
    expect(params['message']).toMatchObject({
      messageId: expect.any(String) as unknown,
      metadata: { colour: 'red' },
      referenceTaskIds: ['t-1'],
    });
    await bot.report(id, { status: 'auth_required', message: 'log in' });
    expect((await sent)['result']).toMatchObject({
      id,
      status: { state: 'auth-required', message: { parts: [{ kind: 'text', text: 'log in' }] } },
    });
    const next = send({ taskId: id });
    await answerTo(bot, id);
    await bot.report(id, { status: 'rejected', error: 'no' });
    expect((await next)['result']).toMatchObject({ id, status: { state: 'rejected' } });
  });

  it('a stream ends where the agent asks, and goes on with the next message', async () => {
    const bot = await aBot();
    const stream = async (params: object): Promise<Fields[]> => {
      const response = await fetch(`${gateway.httpUrl}/a2a`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendStreamingMessage', params }),
      });
      return [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(
        ([, data]) => (JSON.parse(data!) as { result: Fields }).result,
      );
    };
    const first = stream({ message: message('book a table') });
    const { id } = await bot.expectTask();
    await bot.report(id, { status: 'running', artifact: { text: 'a' }, append: true });
    await bot.report(id, { status: 'input_required', message: 'for how many?' });
    const events = await first;
    expect(events[0]).toMatchObject({ task: { id } });
    expect(events.at(-1)).toMatchObject({
      statusUpdate: { status: { state: 'TASK_STATE_INPUT_REQUIRED' } },
    });
    const second = stream({ message: message('four', { taskId: id }) });
    await answerTo(bot, id);
    await bot.report(id, { status: 'running', artifact: { text: 'b' }, append: true, last_chunk: true });
    await bot.report(id, { status: 'completed' });
    expect(await second).toMatchObject([
      { task: { id } },
      { statusUpdate: { status: { state: 'TASK_STATE_WORKING' } } },
      { artifactUpdate: { artifact: { parts: text('b') }, append: true, lastChunk: true } },
      { statusUpdate: { status: { state: 'TASK_STATE_COMPLETED' } } },
    ]);
  });

  it('ListTasks: what changed last first, how many there are, and only what changed since', async () => {
    const bot = await aBot();
    const [first, second] = [await asking(bot), await asking(bot)];
    await bot.report(first, { status: 'completed', artifact: { text: 'x' } });
    const list = async (params: object) => (await rpc('ListTasks', params))['result'] as { tasks: Fields[] };
    expect(await list({ pageSize: 1 })).toMatchObject({ tasks: [{ id: first }], pageSize: 1 });
    expect(await list({ status: 'TASK_STATE_INPUT_REQUIRED', pageSize: 1 })).toMatchObject({
      tasks: [{ id: second }],
      totalSize: 1,
    });
    const { updated_at: since } = await http.task(first);
    const { tasks } = await list({ statusTimestampAfter: since });
    expect(tasks.map(({ id }) => id)).toContain(first);
    expect(await list({ statusTimestampAfter: '2100-01-01T00:00:00Z' })).toMatchObject({ totalSize: 0 });
  });
});

it('by the client: wait comes back where the agent asks, and goes on after the answer', async () => {
  const bot = await aBot();
  const client = new GatewayClient({ url: gateway.httpUrl });
  const { task_id: id } = await client.submit({ skill: 'ask', instruction: 'x' });
  await bot.expectTask(id);
  await bot.report(id, { status: 'input_required', message: 'which?' });
  expect(await client.wait(id)).toMatchObject({ status: 'input_required', message: said('which?') });
  expect(await client.continue(id, 'this one')).toMatchObject({ status: 'queued' });
  await answerTo(bot, id);
  await bot.report(id, { status: 'completed', artifact: { text: 'done' } });
  expect(await client.wait(id)).toMatchObject({ status: 'completed', artifact: { text: 'done' } });
});
