import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aString } from '../support/matchers.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Tasks of every API for agents that have a URL, and for agents that poll. */

interface Pulled {
  readonly kind: string;
  readonly message_id: string;
  readonly lease_id: string;
  readonly task_id: string;
  readonly attempt: number;
  readonly content: readonly Fields[];
  readonly metadata: Fields;
}

let gateway: GatewayProcess;
let http: Orchestrator;

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await GatewayProcess.start({ env: { GATEWAY_TASKS_RECONNECT_GRACE: '20s', ...env } });
  http = new Orchestrator(gateway.httpUrl);
}

const report = (id: string, fields: Fields): Promise<Answer> =>
  http.post(`/gateway/tasks/${id}/status`, fields);
/** What the caller answers, by A2A. */
const answer = (taskId: string, text: string): Promise<Answer> => {
  const message = { messageId: `m-${taskId}`, role: 'ROLE_USER', taskId, parts: [{ text }] };
  const params = { message, configuration: { returnImmediately: true } };
  const call = { jsonrpc: '2.0', id: 1, method: 'SendMessage', params };
  return http.request('POST', '/a2a', call, { 'a2a-version': '1.0' });
};
const register = (fields: Fields): Promise<Answer> => http.post('/gateway/register', fields);

async function pull(wait = '5s', limit = 10): Promise<readonly Pulled[]> {
  const { status, body } = await http.get(`/gateway/inbox/worker?wait=${wait}&limit=${limit}`);
  expect(status).toBe(200);
  return body['messages'] as readonly Pulled[];
}
const pullOne = async (wait?: string): Promise<Pulled> => {
  const messages = await pull(wait);
  expect(messages).toHaveLength(1);
  return messages[0]!;
};

describe('an agent with a URL', () => {
  let receiver: WebhookReceiver;
  beforeAll(() => start());
  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
    await register({ agent_id: 'hook', webhook_url: receiver.url(), capabilities: ['work'] });
  });
  afterEach(() => receiver.close());

  const answerWith = (fields: Fields) => () => ({ body: JSON.stringify(fields) });

  test('is pushed a message that names the task, and answers in the HTTP response', async () => {
    receiver.behaviour = answerWith({ status: 'completed', artifact: { text: 'done' } });
    const { task_id: id } = await http.submit({
      skill: 'work',
      instruction: 'dig here',
      constraints: { max: 3 },
      metadata: { trace: 'a' },
    });
    expect(await http.untilStatus(id, 'completed')).toMatchObject({ artifact: { text: 'done' }, attempt: 1 });
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]!.body).toEqual({
      message_id: expect.stringMatching(/^msg-/) as string,
      conversation_id: `conv-${id.slice(2)}`,
      from_agent_id: 'gateway',
      content: [{ type: 'text', text: 'dig here' }],
      metadata: { trace: 'a', kind: 'task', task_id: id, skill: 'work', constraints: { max: 3 }, attempt: 1 },
      timestamp: aString,
    });
  });

  test('answers later, with progress and chunks, as a bot does', async () => {
    const { task_id: id } = await http.submit({ skill: 'work' });
    await http.untilStatus(id, 'running');
    expect((await report(id, { status: 'running', pct: 40, message: 'half' })).body).toEqual({
      status: 'ok',
    });
    await report(id, { status: 'running', artifact: { text: 'a' }, append: true });
    await report(id, { status: 'completed', artifact: { text: 'b' }, append: true, last_chunk: true });
    const events = await (await http.stream(id)).toEnd();
    expect(events.map(({ event }) => event)).toEqual([
      'queued',
      'running',
      'progress',
      'artifact',
      'artifact',
      'completed',
    ]);
    expect(await http.task(id)).toMatchObject({ artifact: { text: 'ab' }, progress: { pct: 40 } });
    expect((await report(id, { status: 'completed' })).status).toBe(404);
  });

  test('that refuses for good fails the task, with the reason', async () => {
    receiver.behaviour = () => ({ status: 422 });
    const { task_id: id } = await http.submit({ skill: 'work' });
    expect(await http.untilStatus(id, 'failed')).toMatchObject({ error: 'the webhook answered 422' });
    receiver.behaviour = answerWith({ status: 'failed', error: { message: 'no spade' } });
    const { task_id: next } = await http.submit({ skill: 'work' });
    expect(await http.untilStatus(next, 'failed')).toMatchObject({ error: 'no spade' });
    receiver.behaviour = answerWith({ status: 'completed', artifact: 7 });
    const { task_id: last } = await http.submit({ skill: 'work' });
    expect(await http.untilStatus(last, 'failed')).toMatchObject({
      error: expect.stringMatching(/not understood: artifact: got 7/) as string,
    });
  });

  test('that fails for a while gets the task again under the same message id', async () => {
    let tries = 0;
    receiver.behaviour = () =>
      ++tries < 3 ? { status: 503, headers: { 'retry-after': '0' } } : { body: '{"status":"completed"}' };
    const { task_id: id } = await http.submit({ skill: 'work' });
    expect(await http.untilStatus(id, 'completed')).toMatchObject({ attempt: 1 });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(receiver.received).toHaveLength(3);
  });

  test('hears of a cancellation, and is not heard afterwards', async () => {
    const { task_id: id } = await http.submit({ skill: 'work' });
    await http.untilStatus(id, 'running');
    await http.cancel(id);
    await receiver.until(2);
    expect(receiver.received[1]!.body['metadata']).toEqual({ kind: 'cancel', task_id: id });
    expect((await report(id, { status: 'completed' })).status).toBe(404);
    expect(await http.status(id)).toBe('canceled');
  });

  test('goes on after a kill -9 of the gateway with what it has begun', async () => {
    const { task_id: id } = await http.submit({ skill: 'work' });
    await http.untilStatus(id, 'running');
    await gateway.kill9();
    await gateway.restart();
    await eventually(async () => (await http.agents()).length === 1);
    await report(id, { status: 'completed', artifact: { text: 'kept' } });
    expect(await http.task(id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'kept' },
      attempt: 1,
    });
    // What it has taken is not pushed again.
    expect(receiver.received).toHaveLength(1);
  });

  test('asks its caller back, and gets the answer under the same task', async () => {
    receiver.behaviour = ({ body }) => {
      const { continuation } = body['metadata'] as { continuation?: boolean };
      const done = { status: 'completed', artifact: { text: 'there' } };
      return { body: JSON.stringify(continuation ? done : { status: 'input_required', message: 'where?' }) };
    };
    const { task_id: id } = await http.submit({ skill: 'work' });
    await http.untilStatus(id, 'input_required');
    await answer(id, 'behind the house');
    expect(await http.untilStatus(id, 'completed')).toMatchObject({ artifact: { text: 'there' } });
    expect(receiver.received[1]!.body).toMatchObject({
      conversation_id: receiver.received[0]!.body['conversation_id'],
      content: [{ type: 'text', text: 'behind the house' }],
      metadata: { task_id: id, continuation: true },
    });
  });

  test('JSON-RPC and A2A reach it as well', async () => {
    receiver.behaviour = answerWith({ status: 'completed', artifact: { text: 'done' } });
    const sent = await http.rpc('tasks/send', { skill: 'work', instruction: 'x' });
    const { task_id: id } = sent.body['result'] as { task_id: string };
    await http.untilStatus(id, 'completed');
    const message = { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'x' }] };
    const a2a = await http.request(
      'POST',
      '/a2a/skills/work',
      { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } },
      { 'a2a-version': '1.0' },
    );
    expect(JSON.stringify(a2a.body)).toContain('done');
  });
});

describe('an agent that polls', () => {
  beforeAll(() => start({ GATEWAY_WEBHOOKS_INBOX_LEASE: '2s' }));
  beforeEach(() => register({ agent_id: 'worker', delivery: 'pull', capabilities: ['dig'] }));
  afterEach(async () => {
    await http.cancelAll();
    await http.post('/gateway/unregister', { agent_id: 'worker' });
  });
  const send = (text: string): Promise<Answer> =>
    http.post('/gateway/send', {
      from_agent_id: 'sender-001',
      to_agent_id: 'worker',
      content: [{ type: 'text', text }],
    });
  const ack = (...ids: string[]): Promise<Answer> =>
    http.post('/gateway/inbox/worker/ack', { message_ids: ids });

  test('gets a message when it comes, and not again once acknowledged', async () => {
    const waiting = pullOne('30s');
    const { body } = await send('hello');
    const item = await waiting;
    expect(item).toMatchObject({
      kind: 'message',
      message_id: body['message_id'],
      lease_id: aString,
      content: [{ type: 'text', text: 'hello' }],
    });
    expect((await ack(item.message_id)).body).toEqual({ status: 'ok', message_ids: [item.message_id] });
    expect((await ack(item.message_id)).body).toEqual({ status: 'ok', message_ids: [] });
    expect((await http.get(`/gateway/messages/${item.message_id}`)).body['status']).toBe('acknowledged');
    expect(await pull('3s')).toEqual([]);
  });

  test('gets nothing twice while it is leased, and again when the lease has lapsed', async () => {
    await Promise.all(['a', 'b', 'c'].map(send));
    const [first, second] = await Promise.all([pull('0s', 2), pull('0s', 2)]);
    const ids = [...first, ...second].map(({ message_id: id }) => id);
    expect(new Set(ids).size).toBe(3);
    const again = await pull('10s');
    expect(again.length).toBeGreaterThan(0);
    expect(ids).toEqual(expect.arrayContaining(again.map(({ message_id: id }) => id)));
    await ack(...ids);
  });

  test('keeps what it extends', async () => {
    await send('long');
    const { message_id: id } = await pullOne();
    const longer = await http.post('/gateway/inbox/worker/extend', {
      message_ids: [id, 'msg-no'],
      lease_s: 600,
    });
    expect(longer.body).toEqual({ status: 'ok', message_ids: [id], lease_expires_at: aString });
    expect(await pull('3s')).toEqual([]);
    await ack(id);
  });

  test('messages outlive a kill -9', async () => {
    const { body } = await send('kept');
    await gateway.kill9();
    await gateway.restart();
    const item = await pullOne();
    expect(item.message_id).toBe(body['message_id']);
    await ack(item.message_id);
  });

  test('gets a task, which has begun then, and reports on it', async () => {
    const { task_id: id } = await http.submit({ skill: 'dig', instruction: 'here' });
    const item = await pullOne();
    expect(item).toMatchObject({
      kind: 'task',
      task_id: id,
      skill: 'dig',
      attempt: 1,
      content: [{ type: 'text', text: 'here' }],
      metadata: { kind: 'task', task_id: id, attempt: 1 },
    });
    expect(await http.status(id)).toBe('running');
    await report(id, { status: 'completed', artifact: { text: 'found' }, attempt: item.attempt });
    expect(await http.task(id)).toMatchObject({ status: 'completed', artifact: { text: 'found' } });
    expect((await ack(item.message_id)).status).toBe(200);
  });

  test('a lapsed lease hands the task to another, and whoever had it is not heard any more', async () => {
    const { task_id: id } = await http.submit({ skill: 'dig' });
    const first = await pullOne();
    const second = await pullOne('20s');
    expect([second.task_id, second.attempt]).toEqual([id, 2]);
    expect((await report(id, { status: 'completed', artifact: 'late', attempt: first.attempt })).status).toBe(
      404,
    );
    await report(id, { status: 'completed', artifact: 'good', attempt: second.attempt });
    expect(await http.task(id)).toMatchObject({ artifact: { text: 'good' }, attempt: 2 });
  });

  test('reports and extensions keep a task, an acknowledgement leaves it to its own timeout', async () => {
    const { task_id: id } = await http.submit({ skill: 'dig' });
    const item = await pullOne();
    for (let i = 1; i <= 4; i++) {
      expect(await pull('1s')).toEqual([]);
      expect((await report(id, { status: 'running', pct: 10 * i, attempt: 1 })).status).toBe(200);
    }
    expect((await ack(item.message_id)).body['message_ids']).toEqual([item.message_id]);
    expect(await pull('4s')).toEqual([]);
    expect((await report(id, { status: 'completed', attempt: 1 })).status).toBe(200);
  });

  test('hears of the end of a task that it has, not of one that it has not', async () => {
    const { task_id: mine } = await http.submit({ skill: 'dig' });
    const item = await pullOne();
    const { task_id: waiting } = await http.submit({ skill: 'dig' });
    await Promise.all([http.cancel(mine), http.cancel(waiting)]);
    const word = await pullOne();
    expect(word).toMatchObject({ kind: 'cancel', task_id: mine });
    expect(word.message_id).not.toBe(item.message_id);
    expect((await ack(word.message_id)).body['message_ids']).toEqual([word.message_id]);
    expect(await pull('3s')).toEqual([]);
  });

  test('asks its caller back; the answer is handed out until somebody keeps it', async () => {
    const { task_id: id } = await http.submit({ skill: 'dig' });
    const { attempt } = await pullOne();
    await report(id, { status: 'input_required', message: 'where?', attempt });
    expect(await pull('3s')).toEqual([]);
    await answer(id, 'here');
    const reply = await pullOne();
    expect(reply).toMatchObject({
      task_id: id,
      content: [{ type: 'text', text: 'here' }],
      metadata: { continuation: true },
    });
    expect(await pullOne('20s')).toMatchObject({ message_id: reply.message_id });
    await report(id, { status: 'completed', attempt: reply.attempt });
    expect(await http.status(id)).toBe('completed');
  });

  test('goes on after a kill -9 of the gateway with what it has begun', async () => {
    const { task_id: id } = await http.submit({ skill: 'dig' });
    const { attempt } = await pullOne();
    await gateway.kill9();
    await gateway.restart();
    expect(await pull('4s')).toEqual([]);
    await report(id, { status: 'completed', artifact: 'kept', attempt });
    expect(await http.task(id)).toMatchObject({ status: 'completed', attempt: 1 });
  });

  test('a task that nobody has pulled before a kill -9 is there afterwards', async () => {
    const { task_id: id } = await http.submit({ skill: 'dig' });
    await gateway.kill9();
    await gateway.restart();
    const item = await pullOne();
    expect(item.task_id).toBe(id);
    await report(id, { status: 'completed', attempt: item.attempt });
    expect(await http.status(id)).toBe('completed');
  });

  test('what is wrong with a poll is said', async () => {
    for (const query of ['wait=soon', 'limit=0', 'limit=101', 'limit=x'])
      expect([query, (await http.get(`/gateway/inbox/worker?${query}`)).status]).toEqual([query, 400]);
    expect((await http.get('/gateway/inbox/nobody')).status).toBe(404);
    await register({ agent_id: 'hook', webhook_url: 'http://127.0.0.1:1/' });
    expect((await http.get('/gateway/inbox/hook')).status).toBe(409);
    await http.post('/gateway/unregister', { agent_id: 'hook' });
  });
});

test('a full inbox says so', async () => {
  await start({ GATEWAY_WEBHOOKS_INBOX_LIMIT: '2' });
  await register({ agent_id: 'worker', delivery: 'pull' });
  const statuses = [];
  for (let i = 0; i < 3; i++) {
    const message = { from_agent_id: 'a', to_agent_id: 'worker', content: [{ text: 'x' }] };
    statuses.push((await http.post('/gateway/send', message)).status);
  }
  expect(statuses).toEqual([200, 200, 503]);
});
