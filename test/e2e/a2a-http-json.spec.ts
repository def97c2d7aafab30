import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** A2A over HTTP+JSON as it is on the wire; the official client has a spec of its own. */

let gateway: GatewayProcess;
let http: Orchestrator;
beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { GATEWAY_HTTP_BODY_LIMIT: '4kb' } });
  http = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
  await eventually(async () => (await http.agents()).length === 0);
});

const aBot = (more: Partial<TestBotOptions> = {}): Promise<TestBot> =>
  TestBot.connect({ url: gateway.botUrl, name: 'nanobot', skills: ['summarize', 'translate'], ...more });

const message = (more: Fields = {}): Fields => ({
  messageId: randomUUID(),
  role: 'ROLE_USER',
  parts: [{ text: 'Hello!' }],
  ...more,
});
const message03 = (more: Fields = {}): Fields => ({
  messageId: randomUUID(),
  role: 'ROLE_USER',
  content: [{ text: 'Hello!' }],
  ...more,
});
const taskOf = ({ body }: Answer): Fields => body['task'] as Fields;
const errorOf = ({ body }: Answer) =>
  body['error'] as { code: number; status: string; message: string; details: Fields[] };

/** Ids and data of an event stream. */
const events = (text: string): { id: string | undefined; data: Fields }[] =>
  text.split('\n\n').flatMap((block) => {
    const data = /^data: (.+)$/m.exec(block)?.[1];
    return data === undefined
      ? []
      : [{ id: /^id: (.*)$/m.exec(block)?.[1], data: JSON.parse(data) as Fields }];
  });

describe('1.0', () => {
  test('a send is answered with the finished task, in the standard’s media type', async () => {
    await aBot();
    const answer = await http.post('/a2a/message:send', { message: message() }, { 'a2a-version': '1.0' });
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('a2a-version')]).toEqual([
      200,
      'application/a2a+json',
      '1.0',
    ]);
    expect(taskOf(answer)).toMatchObject({
      status: { state: 'TASK_STATE_COMPLETED' },
      artifacts: [{ artifactId: 'result', parts: [{ text: 'Hello!' }] }],
    });
    const { body } = await http.get(`/a2a/tasks/${String(taskOf(answer)['id'])}?historyLength=0`);
    expect(body).toMatchObject({ id: taskOf(answer)['id'] });
    expect(body).not.toHaveProperty('history');
  });

  test('application/a2a+json is read too', async () => {
    await aBot();
    const type = { 'content-type': 'application/a2a+json' };
    expect((await http.post('/a2a/message:send', { message: message() }, type)).status).toBe(200);
  });

  test('V006: the same message is the same task, whichever binding repeats it', async () => {
    const bot = await aBot();
    const body = { message: message() };
    const first = await http.post('/a2a/message:send', body);
    const again = await http.post('/a2a', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: body });
    expect((again.body['result'] as { task: Fields }).task['id']).toBe(taskOf(first)['id']);
    expect(bot.tasks).toHaveLength(1);
  });

  test('streams carry the task’s sequence and resume by it', async () => {
    await aBot();
    const { text, headers } = await http.post('/a2a/message:stream', { message: message() });
    expect(headers.get('content-type')).toMatch(/^text\/event-stream/);
    const all = events(text);
    expect(Object.keys(all[0]!.data)).toEqual(['task']);
    expect(all.at(-1)!.data).toMatchObject({ statusUpdate: { status: { state: 'TASK_STATE_COMPLETED' } } });
    const id = String((all[0]!.data['task'] as Fields)['id']);
    for (const method of ['GET', 'POST']) {
      const rest = await http.request(method, `/a2a/tasks/${id}:subscribe`, undefined, {
        'last-event-id': '1',
      });
      expect(rest.status).toBe(200);
      expect(events(rest.text)).toEqual(all.slice(1));
    }
  });

  test('the tenant of the path, the body or the query chooses as the URL does', async () => {
    await aBot({ name: 'one', skills: ['summarize'] });
    await aBot({ name: 'two', skills: ['draw'] });
    const agentFor = async (path: string, tenant?: string) =>
      taskOf(await http.post(path, { ...(tenant && { tenant }), message: message() }))['metadata'];
    expect(await agentFor('/a2a/skills/draw/message:send')).toEqual({ skill: 'draw', agentId: 'two' });
    expect(await agentFor('/a2a/agents%2Fone/message:send')).toEqual({ skill: 'summarize', agentId: 'one' });
    expect(await agentFor('/a2a/message:send', 'skills/draw')).toEqual({ skill: 'draw', agentId: 'two' });
    expect(await agentFor('/a2a/default/message:send')).toMatchObject({
      agentId: expect.any(String) as unknown,
    });
    const other = await http.post('/a2a/agents/one/message:send', {
      tenant: 'agents/two',
      message: message(),
    });
    expect([other.status, errorOf(other).message]).toEqual([
      400,
      'tenant: got "agents/two", allowed: agents/one, as the URL says',
    ]);
  });

  test('ListTasks: filters, pages, artifacts only when asked for', async () => {
    await aBot();
    const contextId = randomUUID();
    for (let n = 0; n < 3; n++) await http.post('/a2a/message:send', { message: message({ contextId }) });
    const page = (await http.get(`/a2a/tasks?contextId=${contextId}&pageSize=2`)).body;
    expect(page).toMatchObject({ pageSize: 2, tasks: [{ contextId }, { contextId }] });
    expect((page['tasks'] as Fields[])[0]).not.toHaveProperty('artifacts');
    const rest = await http.get(
      `/a2a/tasks?contextId=${contextId}&pageToken=${String(page['nextPageToken'])}&includeArtifacts=true`,
    );
    expect(rest.body).toMatchObject({
      nextPageToken: '',
      tasks: [{ artifacts: [{ artifactId: 'result' }] }],
    });
  });

  test.each<[string, Fields, string]>([
    ['no message', {}, 'message: got nothing, allowed: an object'],
    ['no id', { message: message({ messageId: undefined }) }, 'message.messageId: got nothing'],
    ['a blank id', { message: message({ messageId: ' ' }) }, 'message.messageId: got " "'],
    [
      'a wrong role',
      { message: message({ role: 'user' }) },
      'message.role: got "user", allowed: ROLE_USER or ROLE_AGENT',
    ],
    ['no parts', { message: message({ parts: [] }) }, 'message.parts: got []'],
    ['a part of nothing', { message: message({ parts: [{}] }) }, 'message.parts[0]: got {}'],
    [
      'a part of two things',
      { message: message({ parts: [{ text: 'a' }, { text: 'a', url: 'b' }] }) },
      'message.parts[1]: got {"text":"a","url":"b"}, allowed: a part with exactly one of text, raw, url, data',
    ],
    [
      'bytes that are none',
      { message: message({ parts: [{ raw: '§' }] }) },
      'message.parts[0].raw: got "§", allowed: base64',
    ],
    [
      'a number as text',
      { message: message({ parts: [{ text: 1 }] }) },
      'message.parts[0].text: got 1, allowed: a string',
    ],
    [
      'extensions',
      { message: message({ extensions: 'x' }) },
      'message.extensions: got "x", allowed: a list of strings',
    ],
    [
      'history',
      { message: message(), configuration: { historyLength: -1 } },
      'configuration.historyLength: got -1, allowed: a whole number from 0',
    ],
    [
      'a flag',
      { message: message(), configuration: { returnImmediately: 'yes' } },
      'configuration.returnImmediately: got "yes", allowed: true or false',
    ],
  ])('%s: 400 that names the field', async (_, body, said) => {
    for (const path of ['/a2a/message:send', '/a2a/message:stream']) {
      const answer = await http.post(path, body);
      const { code, status, message: text, details } = errorOf(answer);
      expect([answer.status, code, status]).toEqual([400, 400, 'INVALID_ARGUMENT']);
      expect(text).toContain(said);
      expect(details).toContainEqual(
        expect.objectContaining({ reason: 'INVALID_PARAMS', domain: 'a2a-protocol.org' }),
      );
      expect(details).toContainEqual({
        '@type': 'type.googleapis.com/google.rpc.RequestInfo',
        requestId: answer.headers.get('x-request-id'),
      });
    }
  });

  test.each([
    ['pageSize=0', 'pageSize: got "0", allowed: 1 to 100'],
    ['pageSize=x', 'pageSize: got "x", allowed: 1 to 100'],
    ['status=DONE', 'status: got "DONE"'],
    ['statusTimestampAfter=soon', 'statusTimestampAfter: got "soon"'],
    ['includeArtifacts=maybe', 'includeArtifacts: got "maybe", allowed: true or false'],
  ])('ListTasks?%s: 400 that names the field', async (query, said) => {
    const answer = await http.get(`/a2a/tasks?${query}`);
    expect([answer.status, errorOf(answer).status]).toEqual([400, 'INVALID_ARGUMENT']);
    expect(errorOf(answer).message).toContain(said);
  });

  test('every refusal is a google.rpc.Status', async () => {
    await aBot();
    const { id } = taskOf(await http.post('/a2a/message:send', { message: message() }));
    const refusals = [
      await http.get('/a2a/tasks/nope'),
      await http.post(`/a2a/tasks/${String(id)}:cancel`),
      await http.get(`/a2a/tasks/${String(id)}:subscribe`),
      await http.get('/a2a/tasks', { 'a2a-version': '9.0' }),
      await http.post('/a2a/message:send', 'text', { 'content-type': 'text/plain' }),
      await http.post('/a2a/message:send', '{', { 'content-type': 'application/json' }),
      await http.post('/a2a/message:send', { message: message({ parts: [{ text: 'x'.repeat(5_000) }] }) }),
      await http.post('/a2a/skills/nobody/message:send', { message: message() }),
    ];
    expect(
      refusals.map((answer) => [
        answer.status,
        errorOf(answer).status,
        errorOf(answer).details[0]!['reason'],
      ]),
    ).toEqual([
      [404, 'NOT_FOUND', 'TASK_NOT_FOUND'],
      [400, 'FAILED_PRECONDITION', 'TASK_NOT_CANCELABLE'],
      [400, 'FAILED_PRECONDITION', 'UNSUPPORTED_OPERATION'],
      [400, 'FAILED_PRECONDITION', 'VERSION_NOT_SUPPORTED'],
      [400, 'INVALID_ARGUMENT', 'CONTENT_TYPE_NOT_SUPPORTED'],
      [400, 'INVALID_ARGUMENT', 'INVALID_PARAMS'],
      [413, 'RESOURCE_EXHAUSTED', 'PAYLOAD_TOO_LARGE'],
      [503, 'UNAVAILABLE', 'NO_AGENT_AVAILABLE'],
    ]);
  });

  test('a caller that hangs up loses nothing', async () => {
    const bot = await aBot({ behaviour: silent });
    const control = new AbortController();
    const gone = fetch(`${gateway.httpUrl}/a2a/message:send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: message() }),
      signal: control.signal,
    });
    const { id } = await bot.expectTask();
    control.abort();
    await expect(gone).rejects.toThrow();
    await bot.complete(id);
    expect((await http.get(`/a2a/tasks/${id}`)).body).toMatchObject({
      status: { state: 'TASK_STATE_COMPLETED' },
    });
  });
});

describe('0.3', () => {
  test('speaks the JSON of its protocol buffers', async () => {
    await aBot();
    const file = { fileWithBytes: 'aGk=', mimeType: 'text/plain', name: 'a.txt' };
    const content = [{ text: 'Hello!' }, { file }, { data: { data: { a: 1 } } }];
    const answer = await http.post('/a2a/v1/message:send', { message: message03({ content }) });
    expect([answer.status, answer.headers.get('a2a-version')]).toEqual([201, '0.3']);
    expect(taskOf(answer)).toMatchObject({
      status: { state: 'TASK_STATE_COMPLETED' },
      history: [{ role: 'ROLE_USER', content }],
      artifacts: [{ parts: [{ text: 'Hello!' }] }],
    });
    expect(JSON.stringify(answer.body)).not.toContain('"kind"');
  });

  test('fields may be named as in the .proto files; what is the caller’s own stays as it is', async () => {
    await aBot();
    const named = { message_id: randomUUID(), context_id: 'c-1', role: 'ROLE_USER' };
    const metadata = { own_name: { still_own: 1 } };
    const older = await http.post('/a2a/v1/message:send', {
      message: { ...named, content: [{ data: { data: { a_b: 1 } } }], metadata },
    });
    expect(taskOf(older)).toMatchObject({
      contextId: 'c-1',
      history: [{ content: [{ data: { data: { a_b: 1 } } }], metadata }],
    });
    const newer = await http.post('/a2a/message:send', {
      message: {
        ...named,
        message_id: randomUUID(),
        parts: [{ data: { a_b: 1 }, media_type: 'x/y' }],
        metadata,
      },
    });
    expect(taskOf(newer)).toMatchObject({
      contextId: 'c-1',
      history: [{ parts: [{ data: { a_b: 1 } }], metadata }],
    });
  });

  test('push configurations in the shapes of its protocol buffers', async () => {
    const bot = await aBot({ behaviour: silent });
    const sent = await http.post('/a2a/v1/message:send', {
      message: message03(),
      configuration: { blocking: false },
    });
    const id = String(taskOf(sent)['id']);
    await bot.expectTask(id);
    const at = `/a2a/v1/tasks/${id}/pushNotificationConfigs`;
    const config = { url: 'http://127.0.0.1:9/hook', authentication: {} };
    const made = await http.post(at, {
      parent: `tasks/${id}`,
      config_id: 'one',
      config: { push_notification_config: config },
    });
    expect([made.status, made.body]).toEqual([
      201,
      {
        name: `tasks/${id}/pushNotificationConfigs/one`,
        pushNotificationConfig: expect.objectContaining({ id: 'one', url: config.url }) as unknown,
      },
    ]);
    expect((await http.get(`${at}/one`)).body).toEqual(made.body);
    expect((await http.get(at)).body).toEqual({ configs: [made.body] });
    expect((await http.request('DELETE', `${at}/one`)).status).toBe(204);
    expect((await http.get(`${at}/one`)).status).toBe(404);
  });

  test('cancels, streams, resumes', async () => {
    const bot = await aBot({ behaviour: silent });
    const sent = await http.post('/a2a/v1/message:send', {
      message: message03(),
      configuration: { blocking: false },
    });
    const id = String(taskOf(sent)['id']);
    expect(taskOf(sent)['status']).toMatchObject({ state: 'TASK_STATE_SUBMITTED' });
    await bot.expectTask(id);
    const canceled = await http.post(`/a2a/v1/tasks/${id}:cancel`);
    expect(canceled.body).toMatchObject({ id, status: { state: 'TASK_STATE_CANCELLED' } });
    const rest = await http.get(`/a2a/v1/tasks/${id}:subscribe`, { 'last-event-id': '1' });
    expect(events(rest.text).at(-1)!.data).toMatchObject({
      statusUpdate: { taskId: id, final: true, status: { state: 'TASK_STATE_CANCELLED' } },
    });
  });

  test.each<[string, Fields, string]>([
    [
      'the shape of JSON-RPC',
      { message: { ...message03(), content: undefined, parts: [{ text: 'x' }] } },
      'message.content',
    ],
    ['a wrong role', { message: message03({ role: 'user' }) }, 'message.role: got "user"'],
    ['a part of nothing', { message: message03({ content: [{}] }) }, 'message.content[0]: got {}'],
    ['no id', { message: message03({ messageId: '' }) }, 'message.messageId: got ""'],
  ])('%s: 400 with the code of JSON-RPC', async (_, body, said) => {
    const answer = await http.post('/a2a/v1/message:send', body);
    expect([answer.status, answer.body['code']]).toEqual([400, -32602]);
    expect(answer.body['message']).toContain(said);
  });

  test('1.0 may be asked for on its paths; unknown tasks are 404', async () => {
    await aBot();
    const headers = { 'a2a-version': '1.0' };
    expect((await http.post('/a2a/v1/message:send', { message: message() }, headers)).status).toBe(200);
    const unknown = await http.get('/a2a/v1/tasks/nope');
    expect([unknown.status, unknown.body['code']]).toEqual([404, -32001]);
  });
});
