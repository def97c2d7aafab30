import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aString } from '../support/matchers.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { closeAllBots, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Seed 001 through the real door: registration, presence, synchronous sending. Names are those of spec/cases. */

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HELLO = [{ type: 'text', text: 'Hello' }];
const CARD = {
  agent_id: 'agent-001',
  agent_name: 'Research Agent',
  agent_type: 'analyst',
  capabilities: ['search', 'analyze', 'summarize'],
  description: '专注于信息检索和分析的 Agent',
  webhook_url: 'http://agent.local:8080/webhook/a2a-messages',
  metadata: { version: '1.0.0', owner: 'team-a' },
};

let gateway: GatewayProcess;
let http: Orchestrator;
let receiver: WebhookReceiver;

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await GatewayProcess.start({ env });
  http = new Orchestrator(gateway.httpUrl);
}
async function register(fields: Fields, who = http): Promise<Answer> {
  const answer = await who.post('/gateway/register', fields);
  expect([answer.status, answer.body['status']]).toEqual([200, 'registered']);
  return answer;
}
const send = (fields: Fields = {}): Promise<Answer> =>
  http.post('/gateway/send', {
    from_agent_id: 'sender-001',
    to_agent_id: 'receiver-001',
    conversation_id: 'conv-abc-123',
    content: HELLO,
    metadata: {},
    ...fields,
  });
const agents = async (query = ''): Promise<readonly Fields[]> =>
  (await http.get(`/gateway/agents${query}`)).body['agents'] as readonly Fields[];

async function withReceiver(): Promise<void> {
  receiver = await WebhookReceiver.start();
  await register({ agent_id: 'receiver-001', webhook_url: receiver.url(), capabilities: ['read'] });
}

describe('registration and presence', () => {
  beforeAll(() => start());
  afterEach(async () => {
    for (const { agent_id } of await agents()) await http.post('/gateway/unregister', { agent_id });
  });

  test('G001, G009: the seed’s card is registered, whether its host resolves or not', async () => {
    const answer = await http.post('/gateway/register', CARD);
    expect([answer.status, answer.body]).toEqual([
      200,
      { status: 'registered', agent_id: 'agent-001', webhook_secret: aString },
    ]);
    const again = await http.post('/gateway/register', CARD);
    expect(again.body).toEqual({ status: 'registered', agent_id: 'agent-001' });
  });

  test('G002, G003, G005: heartbeat, status, goodbye', async () => {
    await register(CARD);
    const beat = await http.post('/gateway/heartbeat', { agent_id: 'agent-001' });
    expect([beat.status, beat.body]).toEqual([200, { status: 'ok' }]);
    expect((await http.get('/gateway/status/agent-001')).body).toEqual({
      agent_id: 'agent-001',
      status: 'online',
      last_heartbeat: expect.stringMatching(ISO) as string,
    });
    const bye = await http.post('/gateway/unregister', { agent_id: 'agent-001' });
    expect([bye.status, bye.body]).toEqual([200, { status: 'unregistered' }]);
    expect((await http.get('/gateway/status/agent-001')).body).toMatchObject({ status: 'offline' });
    for (const id of ['agent-001', 'never-seen'])
      expect((await http.post('/gateway/heartbeat', { agent_id: id })).status).toBe(404);
    expect((await http.get('/gateway/status/never-seen')).status).toBe(404);
  });

  test('G004: the list of the seed', async () => {
    await register(CARD);
    const { status, body } = await http.get('/gateway/agents');
    expect([status, body['total']]).toEqual([200, 1]);
    expect((body['agents'] as Fields[])[0]).toMatchObject({
      agent_id: 'agent-001',
      agent_name: 'Research Agent',
      agent_type: 'analyst',
      capabilities: ['search', 'analyze', 'summarize'],
      status: 'online',
      last_heartbeat: expect.stringMatching(ISO) as string,
      metadata: { owner: 'team-a' },
    });
  });

  test('G008: health counts who has registered', async () => {
    await register(CARD);
    expect((await http.get('/gateway/health')).body).toEqual({
      status: 'running',
      version: aString,
      uptime_seconds: expect.any(Number) as number,
      registered_agents: 1,
    });
  });

  test('G018: what is wrong is 400 and says what', async () => {
    const url = 'http://127.0.0.1:1/';
    const cases: [unknown, RegExp][] = [
      [{ webhook_url: url }, /^agent_id: /],
      [{ agent_id: 'a' }, /^webhook_url: got nothing/],
      [{ agent_id: 'a', webhook_url: 'ftp://x' }, /^webhook_url: /],
      [{ agent_id: 'a', webhook_url: 'nope' }, /^webhook_url: /],
      [{ agent_id: 'a', webhook_url: 'http://u:p@127.0.0.1/' }, /^webhook_url: /],
      [{ agent_id: 'a', webhook_url: 'http://169.254.169.254/latest' }, /^webhook_url: /],
      [{ agent_id: 'a', webhook_url: url, capabilities: 'a' }, /^capabilities: /],
      [
        { agent_id: 'a', webhook_url: url, webhook_secret: 'whsec_c2hvcnQ=' },
        /^webhook_secret: got "a secret of another form"/,
      ],
      [{ agent_id: 'a', delivery: 'pull', webhook_url: url }, /^webhook_url: /],
      ['{', /^body: not valid JSON/],
    ];
    for (const [body, detail] of cases) {
      const answer = await http.post('/gateway/register', body);
      expect([answer.status, answer.body['detail']]).toEqual([400, expect.stringMatching(detail)]);
    }
    expect(await agents('?online_only=false')).not.toContainEqual(expect.objectContaining({ agent_id: 'a' }));
  });

  test('G026: by type; agents of other kinds are listed by their kind', async () => {
    for (const [id, type] of [
      ['a', 'analyst'],
      ['b', 'analyst'],
      ['c', 'coder'],
    ] as const)
      await register({ ...CARD, agent_id: id, agent_type: type });
    const { body } = await http.get('/gateway/agents?agent_type=analyst');
    expect([(body['agents'] as Fields[]).map(({ agent_id: id }) => id), body['total']]).toEqual([
      ['a', 'b'],
      2,
    ]);
    await TestBot.connect({ url: gateway.botUrl, name: 'bot-1', skills: ['echo'] });
    expect(await agents('?agent_type=bot')).toMatchObject([{ agent_id: 'bot-1', capabilities: ['echo'] }]);
    await closeAllBots();
    expect((await http.get('/gateway/agents?online_only=maybe')).status).toBe(400);
  });

  test('it is an agent as every API shows it', async () => {
    await register({ ...CARD, max_concurrency: 4 });
    expect((await http.agents())[0]).toMatchObject({
      name: 'agent-001',
      max_concurrency: 4,
      kind: 'webhook',
    });
    await http.post('/gateway/unregister', { agent_id: 'agent-001' });
    expect(await http.agents()).toEqual([]);
  });

  test('registrations outlive the process, those that said goodbye stay away', async () => {
    await register(CARD);
    await register({ ...CARD, agent_id: 'gone' });
    await http.post('/gateway/unregister', { agent_id: 'gone' });
    await gateway.kill9();
    await gateway.restart();
    expect((await agents()).map(({ agent_id: id }) => id)).toEqual(['agent-001']);
    expect((await http.get('/gateway/status/gone')).body).toMatchObject({ status: 'offline' });
    expect((await http.post('/gateway/register', CARD)).body).toEqual({
      status: 'registered',
      agent_id: 'agent-001',
    });
  });
});

describe('with a short heartbeat timeout', () => {
  beforeAll(() => start({ GATEWAY_WEBHOOKS_HEARTBEAT_TIMEOUT: '2s' }));

  test('G013, G020, G027: silent, it is offline and gets nothing; the next heartbeat brings it back', async () => {
    await withReceiver();
    await eventually(async () => (await agents()).length === 0);
    expect(await agents('?online_only=true')).toEqual([]);
    expect(await agents('?online_only=false')).toMatchObject([
      { agent_id: 'receiver-001', status: 'offline' },
    ]);
    expect((await http.get('/gateway/status/receiver-001')).body).toMatchObject({ status: 'offline' });
    expect((await send()).status).toBe(404);
    expect(receiver.received).toEqual([]);
    await http.post('/gateway/heartbeat', { agent_id: 'receiver-001' });
    expect((await http.get('/gateway/status/receiver-001')).body).toMatchObject({ status: 'online' });
    expect((await send()).status).toBe(200);
  });

  test('G021: with heartbeats it stays, and each one shows', async () => {
    await register(CARD);
    const seen = new Set<unknown>();
    for (let i = 0; i < 8; i++) {
      await http.post('/gateway/heartbeat', { agent_id: 'agent-001' });
      const { body } = await http.get('/gateway/status/agent-001');
      expect(body['status']).toBe('online');
      seen.add(body['last_heartbeat']);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    expect(seen.size).toBe(8);
  });
});

describe('sending', () => {
  beforeAll(() => start());
  beforeEach(withReceiver);
  afterEach(() => receiver.close());

  test('G006, G007: the webhook gets the seed’s body before the sender is answered', async () => {
    const { status, body } = await send();
    expect([status, body]).toEqual([
      200,
      {
        message_id: expect.stringMatching(/^msg-/) as string,
        conversation_id: 'conv-abc-123',
        status: 'sent',
      },
    ]);
    expect(receiver.received).toHaveLength(1);
    const [post] = receiver.received;
    expect(post!.headers['content-type']).toBe('application/json');
    expect(post!.body).toEqual({
      message_id: body['message_id'],
      conversation_id: 'conv-abc-123',
      from_agent_id: 'sender-001',
      content: HELLO,
      metadata: {},
      timestamp: expect.stringMatching(ISO) as string,
    });
  });

  test('G010: what the webhook says in its answer does not matter', async () => {
    for (const body of ['{"status":"received"}', '', 'thanks']) {
      receiver.behaviour = () => ({ body });
      expect((await send()).body['status']).toBe('sent');
    }
  });

  test('G011: without a conversation a new one begins', async () => {
    const ids = [];
    for (const id of ['', undefined, null])
      ids.push((await send({ conversation_id: id })).body['conversation_id']);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^conv-/);
    expect(receiver.received.map(({ body }) => body['conversation_id'])).toEqual(ids);
  });

  test('blocks and metadata of any form pass through', async () => {
    const content = [{ type: 'data', data: { a: [1, null, '你好'] } }, { anything: true }];
    await send({ content, metadata: { trace: { id: 7 } } });
    expect(receiver.received[0]!.body).toMatchObject({ content, metadata: { trace: { id: 7 } } });
  });

  test('G012: nobody of that name', async () => {
    const answer = await send({ to_agent_id: 'nobody' });
    expect([answer.status, answer.body['code']]).toEqual([404, 'AGENT_NOT_FOUND']);
  });

  test('G014, G015: any 2xx is success, everything else is not, and the reason is on record', async () => {
    for (const [status, said] of [
      [201, 200],
      [204, 200],
      [302, 502],
      [400, 502],
      [500, 502],
    ] as const) {
      receiver.behaviour = () => ({ status, headers: { location: receiver.url('/elsewhere') } });
      const answer = await send();
      expect([status, answer.status]).toEqual([status, said]);
      if (said === 200) continue;
      expect(answer.body['detail']).toMatch(`the webhook answered ${status}`);
      const [id] = /msg-\w+/.exec(answer.body['detail'] as string)!;
      expect((await http.get(`/gateway/messages/${id}`)).body).toMatchObject({
        status: 'failed',
        attempts: 1,
        error: aString,
        content: HELLO,
      });
    }
    expect(receiver.received.map(({ path }) => path)).not.toContain('/elsewhere');
  });

  test('G016: nobody listens', async () => {
    const port = await freePort();
    await register({ agent_id: 'receiver-001', webhook_url: `http://127.0.0.1:${port}/` });
    // Also when it has failed for long: as soon as it is there it gets its message.
    for (let i = 0; i < 7; i++) expect((await send()).status).toBe(502);
    const late = await WebhookReceiver.start(undefined, port);
    expect((await send()).status).toBe(200);
    await late.close();
  });

  test('G019: what is wrong is 400, and the webhook is not called', async () => {
    for (const fields of [
      { to_agent_id: undefined },
      { from_agent_id: undefined },
      { content: undefined },
      { content: 'Hi' },
      { content: [] },
      { content: ['Hi'] },
      { metadata: 'x' },
      { metadata: { delivery: 'sometimes' } },
    ])
      expect([fields, (await send(fields)).status]).toEqual([fields, 400]);
    expect(receiver.received).toEqual([]);
  });

  test('a webhook that says 410 gets nothing until it registers again', async () => {
    receiver.behaviour = () => ({ status: 410 });
    expect((await send()).status).toBe(502);
    expect((await send()).status).toBe(404);
    expect((await http.post('/gateway/heartbeat', { agent_id: 'receiver-001' })).status).toBe(404);
    expect(receiver.received).toHaveLength(1);
    receiver.behaviour = () => ({});
    await register({ agent_id: 'receiver-001', webhook_url: receiver.url() });
    expect((await send()).status).toBe(200);
  });

  test('a conversation is read by pages, oldest first', async () => {
    const conversation_id = 'conv-pages';
    for (const text of ['1', '2', '3']) await send({ conversation_id, content: [{ type: 'text', text }] });
    const texts = ({ body }: Answer): unknown[] =>
      (body['messages'] as { content: { text: string }[] }[]).map(({ content }) => content[0]!.text);
    const first = await http.get(`/gateway/conversations/${conversation_id}/messages?limit=2`);
    expect([texts(first), first.body['next_cursor']]).toEqual([['1', '2'], aString]);
    const cursor = first.body['next_cursor'] as string;
    const second = await http.get(
      `/gateway/conversations/${conversation_id}/messages?limit=2&cursor=${cursor}`,
    );
    expect([texts(second), second.body['next_cursor']]).toEqual([['3'], null]);
  });
});

describe('limits', () => {
  test('G015: strictly read, only 200 is success', async () => {
    await start({ GATEWAY_WEBHOOKS_STRICT_200: 'true' });
    await withReceiver();
    for (const [status, said] of [
      [200, 200],
      [201, 502],
      [204, 502],
    ] as const) {
      receiver.behaviour = () => ({ status });
      expect([status, (await send()).status]).toEqual([status, said]);
    }
    await gateway.stop();
  });

  test('G017: a webhook that hangs is given up at the timeout, and slows no other', async () => {
    await start({ GATEWAY_WEBHOOKS_TIMEOUT: '2s' });
    await withReceiver();
    receiver.behaviour = () => ({ hang: true });
    const other = await WebhookReceiver.start();
    await register({ agent_id: 'healthy', webhook_url: other.url() });
    const hanging = Array.from({ length: 100 }, () => send());
    await receiver.until(1);
    expect((await send({ to_agent_id: 'healthy' })).status).toBe(200);
    const answers = await Promise.all(hanging);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502]));
    expect(receiver.received.length).toBeLessThanOrEqual(64);
    expect(answers.some(({ body }) => /did not answer within 2000 ms/.test(body['detail'] as string))).toBe(
      true,
    );
    await gateway.stop();
  });

  test('G033: with auth on nothing but health goes without credentials', async () => {
    await start(AUTH_ON);
    expect((await http.get('/gateway/health')).status).toBe(200);
    for (const path of ['/gateway/agents', '/gateway/status/a', '/gateway/inbox/a', '/gateway/messages/a'])
      expect((await http.get(path)).status).toBe(401);
    for (const path of ['register', 'heartbeat', 'unregister', 'send'])
      expect((await http.post(`/gateway/${path}`, CARD)).status).toBe(401);
    const north = new Orchestrator(gateway.httpUrl, tokenFor('north'));
    await register(CARD, north);
    const other = new Orchestrator(gateway.httpUrl, tokenFor('north', { sub: 'somebody else' }));
    const refused = await other.post('/gateway/register', CARD);
    expect([refused.status, refused.body['code']]).toEqual([403, 'FORBIDDEN']);
    await gateway.stop();
  });

  test('G034: over the rate limit it is 429 with Retry-After', async () => {
    await start({ GATEWAY_LIMITS_RATE: '3/s' });
    await withReceiver();
    const answers = await Promise.all(Array.from({ length: 12 }, () => send()));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    for (const { headers } of limited) expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  });
});
