import { credentials as channel } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { GrpcCaller, type GrpcRefusal } from '../support/a2a-grpc.js';
import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { credentials, pem, TestPki } from '../support/pki.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** A2A over gRPC, both services, as plain gRPC; the official client has a spec of its own. */

const started: GrpcCaller[] = [];
afterEach(() => closeAllBots());
afterAll(() => started.forEach((caller) => caller.close()));

function caller(address: string, metadata: Readonly<Record<string, string>> = {}): GrpcCaller {
  const made = new GrpcCaller(address, metadata);
  started.push(made);
  return made;
}

const part = (text: string) => ({ content: { $case: 'text', value: text }, filename: '', mediaType: '' });
const message = (more: Fields = {}) => ({
  messageId: randomUUID(),
  contextId: '',
  taskId: '',
  role: 1,
  parts: [part('hello')],
  extensions: [],
  referenceTaskIds: [],
  ...more,
});
const send = (more: Fields = {}, tenant = '') => ({ tenant, message: message(more) });
const byId = (id: string) => ({ tenant: '', id });
interface Sent {
  readonly payload: {
    readonly value: { readonly id: string; readonly status: { state: number }; readonly metadata: Fields };
  };
}

describe('without auth', () => {
  let gateway: GatewayProcess;
  let http: Orchestrator;
  let grpc: GrpcCaller;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      env: { GATEWAY_GRPC_PORT: '0', GATEWAY_HTTP_BODY_LIMIT: '64kb' },
    });
    http = new Orchestrator(gateway.httpUrl);
    grpc = caller(gateway.grpcAddress);
  });
  afterEach(async () => {
    await http.cancelAll();
    await closeAllBots();
    await eventually(async () => (await http.agents()).length === 0);
  });
  const aBot = (more: Partial<TestBotOptions> = {}): Promise<TestBot> =>
    TestBot.connect({ url: gateway.botUrl, name: 'nanobot', skills: ['summarize', 'translate'], ...more });

  test('the card names the listener, with the tenant that stands for the path', async () => {
    await aBot();
    const interfacesOf = async (path: string) =>
      (
        (await http.get(`${path}/.well-known/agent-card.json`)).body['supportedInterfaces'] as Fields[]
      ).filter(({ protocolBinding }) => protocolBinding === 'GRPC');
    const grpcAt = { url: gateway.grpcAddress, protocolBinding: 'GRPC' };
    expect(await interfacesOf('')).toEqual([
      { ...grpcAt, protocolVersion: '1.0' },
      { ...grpcAt, protocolVersion: '0.3' },
    ]);
    expect(await interfacesOf('/a2a/skills/translate')).toEqual([
      { ...grpcAt, tenant: 'skills/translate', protocolVersion: '1.0' },
    ]);
  });

  test('the tenant chooses agent and skill; 0.3 has it in the metadata', async () => {
    await aBot({ name: 'one', skills: ['summarize'] });
    await aBot({ name: 'two', skills: ['draw'] });
    const chosen = async (sent: Promise<Sent>) => (await sent).payload.value.metadata;
    expect(await chosen(grpc.unary('1.0', 'sendMessage', send({}, 'skills/draw')))).toEqual({
      skill: 'draw',
      agentId: 'two',
    });
    expect(await chosen(grpc.unary('1.0', 'sendMessage', send(), { tenant: 'agents/one' }))).toEqual({
      skill: 'summarize',
      agentId: 'one',
    });
    const legacy = { request: { ...message(), content: [{ part: { $case: 'text', value: 'x' } }] } };
    expect(await chosen(grpc.unary('0.3', 'sendMessage', legacy, { tenant: 'skills/draw' }))).toEqual({
      skill: 'draw',
      agentId: 'two',
    });
  });

  test.each<[string, Fields, string]>([
    ['no message', { tenant: '' }, 'message: got nothing'],
    ['no id', send({ messageId: '' }), 'message.messageId: got nothing'],
    ['no role', send({ role: 0 }), 'message.role: got nothing'],
    ['no parts', send({ parts: [] }), 'message.parts: got nothing'],
    ['a part of nothing', send({ parts: [{ filename: '', mediaType: '' }] }), 'message.parts[0]: got {}'],
    ['a wrong tenant', send({}, 'rooms/one'), 'tenant: got "rooms/one"'],
  ])('%s: INVALID_ARGUMENT that names the field', async (_, request, said) => {
    for (const method of ['sendMessage', 'sendStreamingMessage']) {
      const refusal = (await grpc.outcome('1.0', method, request)) as GrpcRefusal;
      expect(refusal.code).toBe('INVALID_ARGUMENT');
      expect(refusal.message).toContain(said);
    }
  });

  test('refusals carry the standard’s reasons, or the gateway’s own', async () => {
    await aBot();
    const { id } = (await grpc.unary<Sent>('1.0', 'sendMessage', send())).payload.value;
    const outcomes = [
      await grpc.outcome('1.0', 'getTask', byId('nope')),
      await grpc.outcome('1.0', 'getTask', byId('')),
      await grpc.outcome('1.0', 'cancelTask', byId(id)),
      await grpc.outcome('1.0', 'subscribeToTask', byId(id)),
      await grpc.outcome('1.0', 'sendMessage', send({}, 'skills/nobody')),
      await grpc.outcome('0.3', 'getTask', { name: 'tasks/nope', historyLength: 0 }),
      await caller(gateway.grpcAddress, { 'a2a-version': '9.0' }).outcome('1.0', 'getTask', byId(id)),
    ] as GrpcRefusal[];
    expect(outcomes.map(({ code, reason, domain }) => [code, reason, domain])).toEqual([
      ['NOT_FOUND', 'TASK_NOT_FOUND', 'a2a-protocol.org'],
      ['INVALID_ARGUMENT', 'INVALID_PARAMS', 'a2a-protocol.org'],
      ['FAILED_PRECONDITION', 'TASK_NOT_CANCELABLE', 'a2a-protocol.org'],
      ['FAILED_PRECONDITION', 'UNSUPPORTED_OPERATION', 'a2a-protocol.org'],
      ['UNAVAILABLE', 'NO_AGENT_AVAILABLE', 'agent-gateway'],
      ['NOT_FOUND', 'TASK_NOT_FOUND', 'a2a-protocol.org'],
      ['FAILED_PRECONDITION', 'VERSION_NOT_SUPPORTED', 'a2a-protocol.org'],
    ]);
  });

  test('a request over the body limit is RESOURCE_EXHAUSTED', async () => {
    const refusal = await grpc.outcome('1.0', 'sendMessage', send({ parts: [part('x'.repeat(70_000))] }));
    expect((refusal as GrpcRefusal).code).toBe('RESOURCE_EXHAUSTED');
  });

  test('a caller that hangs up loses nothing', async () => {
    const bot = await aBot({ behaviour: silent });
    const stream = grpc.stream('1.0', 'sendStreamingMessage', send());
    stream.on('error', () => undefined);
    await once(stream, 'data');
    const { id } = await bot.expectTask();
    stream.cancel();
    await bot.complete(id);
    expect(await grpc.unary('1.0', 'getTask', byId(id))).toMatchObject({ status: { state: 3 } });
  });

  test('a reader that does not read gets everything once it does', async () => {
    const bot = await aBot({ behaviour: silent });
    const stream = grpc.stream('1.0', 'sendStreamingMessage', send());
    await once(stream, 'readable');
    const { id } = await bot.expectTask();
    const text = 'x'.repeat(50_000);
    for (let n = 0; n < 40; n++)
      await bot.report(id, { status: 'running', artifact: { text }, append: true, last_chunk: n === 39 });
    await bot.complete(id, null);
    let length = 0;
    for await (const event of stream) {
      const { payload } = event as {
        payload: { $case: string; value: { artifact: { parts: { content: { value: string } }[] } } };
      };
      if (payload.$case === 'artifactUpdate') length += payload.value.artifact.parts[0]!.content.value.length;
    }
    expect(length).toBe(40 * text.length);
  });

  test('streams resume by the task’s sequence in the metadata', async () => {
    await aBot();
    const all = await grpc.events('1.0', 'sendStreamingMessage', send());
    const { id } = (all[0] as unknown as Sent).payload.value;
    const rest = await grpc.events('1.0', 'subscribeToTask', byId(id), { 'last-event-id': '1' });
    expect(rest).toEqual(all.slice(1));
  });

  test('a stop ends streams with UNAVAILABLE, and the process cleanly', async () => {
    const bot = await aBot({ behaviour: silent });
    const stream = grpc.stream('1.0', 'sendStreamingMessage', send());
    await once(stream, 'data');
    await bot.expectTask();
    const ended = once(stream, 'error') as Promise<[{ details: string; code: number }]>;
    stream.resume();
    expect(await gateway.terminate()).toEqual({ code: 0, signal: null });
    const [error] = await ended;
    expect([error.code, error.details]).toEqual([14, 'the gateway is stopping']);
    await gateway.restart();
    grpc = caller(gateway.grpcAddress);
  });
});

describe('with auth', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      env: { ...AUTH_ON, GATEWAY_GRPC_PORT: '0', GATEWAY_LIMITS_RATE: '20/m' },
    });
  });
  const as = (token?: string) =>
    caller(gateway.grpcAddress, token === undefined ? {} : { authorization: `Bearer ${token}` });

  test('no token, a bad one, one without the right: refused before anything is looked at', async () => {
    const outcomes = [
      await as().outcome('1.0', 'getTask', byId('nope')),
      await as(tokenFor('x', { exp: 1_700_000_000 })).outcome('1.0', 'sendStreamingMessage', send()),
      await as(tokenFor('x', { scope: '' })).outcome('0.3', 'getTask', {
        name: 'tasks/nope',
        historyLength: 0,
      }),
      await as(tokenFor('x', { scope: 'read' })).outcome('1.0', 'sendMessage', send({}, 'skills/any')),
      await as(tokenFor('x')).outcome('1.0', 'getTask', { tenant: 'other', id: 'nope' }),
    ] as GrpcRefusal[];
    expect(outcomes.map(({ code, reason }) => [code, reason])).toEqual([
      ['UNAUTHENTICATED', 'UNAUTHENTICATED'],
      ['UNAUTHENTICATED', 'UNAUTHENTICATED'],
      ['PERMISSION_DENIED', 'FORBIDDEN'],
      ['PERMISSION_DENIED', 'FORBIDDEN'],
      ['PERMISSION_DENIED', 'FORBIDDEN'],
    ]);
  });

  test('the extended card shows the caller’s own agents', async () => {
    const token = tokenFor('production');
    await TestBot.connect({
      url: gateway.botUrl,
      name: 'own',
      skills: ['own-skill'],
      token,
      namespace: 'production',
    });
    const card = await as(token).unary('1.0', 'getExtendedAgentCard', { tenant: '' });
    expect(card).toMatchObject({ skills: [{ id: 'own-skill' }], capabilities: { extendedAgentCard: true } });
    const older = await as(tokenFor('staging')).unary('0.3', 'getAgentCard', {});
    expect(older).toMatchObject({ skills: [] });
  });

  test('calls count against the caller’s allowance', async () => {
    const eager = as(tokenFor('eager', { sub: 'eager' }));
    const outcomes: string[] = [];
    for (let n = 0; n < 21; n++)
      outcomes.push(((await eager.outcome('1.0', 'getTask', byId('nope'))) as GrpcRefusal).code);
    expect([new Set(outcomes.slice(0, 20)), outcomes.at(-1)]).toEqual([
      new Set(['NOT_FOUND']),
      'RESOURCE_EXHAUSTED',
    ]);
  });

  test('a stream ends when its reader’s API key is withdrawn', async () => {
    const admin = new Orchestrator(gateway.httpUrl, tokenFor('keyed', { scope: 'admin' }));
    const made = (await admin.post('/api-keys', { name: 'reader', rights: ['read', 'execute'] })).body;
    await TestBot.connect({
      url: gateway.botUrl,
      name: 'k',
      skills: ['k'],
      token: tokenFor('keyed'),
      namespace: 'keyed',
      behaviour: silent,
    });
    const keyed = caller(gateway.grpcAddress, { 'x-api-key': String(made['key']) });
    const stream = keyed.stream('1.0', 'sendStreamingMessage', send());
    await once(stream, 'data');
    const ended = once(stream, 'error') as Promise<[{ details: string }]>;
    stream.resume();
    expect((await admin.request('DELETE', `/api-keys/${String(made['id'])}`)).status).toBe(204);
    expect((await ended)[0].details).toBe('the API key of this stream has been withdrawn');
  });

  test('a stream ends with its reader’s credential', async () => {
    const token = tokenFor('brief', { exp: Math.floor(Date.now() / 1_000) + 5 });
    await TestBot.connect({
      url: gateway.botUrl,
      name: 'b',
      skills: ['b'],
      token: tokenFor('brief'),
      namespace: 'brief',
      behaviour: silent,
    });
    await expect(as(token).events('1.0', 'sendStreamingMessage', send())).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'the credential of this stream has expired',
    });
  });
});

test('with TLS on the orchestrator listener gRPC has it too', async () => {
  const pki = await TestPki.create();
  const server = await credentials(await pki.server());
  const gateway = await GatewayProcess.start({
    env: {
      GATEWAY_GRPC_PORT: '0',
      GATEWAY_HTTP_TLS_CERT: pki.file(server.cert),
      GATEWAY_HTTP_TLS_KEY: pki.file(server.key),
    },
  });
  const secure = new GrpcCaller(gateway.grpcAddress, {}, channel.createSsl(Buffer.from(pem(pki.root))));
  started.push(secure);
  expect(await secure.outcome('1.0', 'getTask', byId('nope'))).toMatchObject({ code: 'NOT_FOUND' });
  expect(await caller(gateway.grpcAddress).outcome('1.0', 'getTask', byId('nope'))).toMatchObject({
    code: 'UNAVAILABLE',
  });
});
