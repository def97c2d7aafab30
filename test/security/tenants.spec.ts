import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RIGHTS, type Right } from '../../src/core/principal.js';
import { RPC_METHODS, type RpcMethodName } from '../../src/transport/orchestrator/rpc-methods.js';
import { A2aAgent } from '../fakes/a2a-agent.js';
import { A2A_REST_ROUTES, A2A_WORDS } from '../support/a2a-routes.js';
import { CONTROL_PLANE_ROUTES, CONTROL_WORDS, makeOwnersRecords } from '../support/control-plane-routes.js';
import { API, makePlant } from '../support/control-plane.js';
import { AUTH_ON } from '../support/env.js';
import { EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/**
 * Nothing of one namespace is seen in another. The cases are made from the router of the running gateway and from the table of
 * JSON-RPC methods: a route or a method that nobody has thought about here fails.
 */

/** Words that are only in the owner's namespace; if one of them comes back to somebody else, something leaks. */
const OWNER = 'owner-ns';
const SECRETS = [
  OWNER,
  'secret-agent',
  'secret-skill',
  'secret-artifact',
  'secret-constraint',
  'secret-context',
  'secret-key',
  'secret-place',
  'secret-member',
  'secret-conversation',
  'secret-content',
  'secret-remote',
  'secret-callback',
];
const UNKNOWN = `t-${'0'.repeat(32)}`;

interface RouteCase {
  /** The right without which it is refused; null: public. */
  readonly right: Right | null;
  /** A task's id is part of it, as `:id`. */
  readonly takesTaskId?: true;
  /** The id of an API key is part of it, as `:id`. */
  readonly takesKeyId?: true;
  /** A record of the control plane, which has its own words; its id is part of it, as `:id`. */
  readonly recordId?: string;
  /** It answers with a stream that does not end: it has a test of its own. */
  readonly endless?: true;
  /** The name of a remote agent is part of it, as `:id`. */
  readonly takesRemote?: true;
  readonly body?: Fields;
  /** It is of this version of A2A's HTTP+JSON binding, which has its own words. */
  readonly version?: keyof typeof A2A_WORDS;
  /** A message's id is part of it. */
  readonly takesMessageId?: true;
  /** What its owner gets for it. */
  readonly own: number;
  /** What others get for it; for tasks: the same as for an unknown one. */
  readonly foreign: number;
}

/** An A2A call about a task that does not exist; the methods have cases of their own below. */
const A2A_GET = { jsonrpc: '2.0', method: 'tasks/get', params: { id: UNKNOWN }, id: 1 };

const MEMBER = { agent_id: 'secret-member' };

/** Every route of the gateway. */
const ROUTES: Readonly<Record<string, RouteCase>> = {
  'POST /tasks': {
    right: 'execute',
    body: { skill: 'secret-skill', instruction: 'x' },
    own: 200,
    foreign: 503,
  },
  'GET /tasks': { right: 'read', own: 200, foreign: 200 },
  'GET /tasks/:id': { right: 'read', takesTaskId: true, own: 200, foreign: 404 },
  'GET /tasks/:id/stream': { right: 'read', takesTaskId: true, own: 200, foreign: 404 },
  'POST /tasks/:id/messages': {
    right: 'execute',
    takesTaskId: true,
    body: { instruction: 'x' },
    own: 409,
    foreign: 404,
  },
  'POST /tasks/:id/cancel': { right: 'execute', takesTaskId: true, own: 409, foreign: 404 },
  'GET /deliveries': { right: 'read', own: 200, foreign: 200 },
  'GET /deliveries/:delivery': { right: 'read', own: 200, foreign: 404 },
  'POST /deliveries/:delivery/redeliver': { right: 'execute', own: 409, foreign: 404 },
  'GET /agents': { right: 'read', own: 200, foreign: 200 },
  'POST /routing/explain': { right: 'read', body: { skill: 'secret-skill' }, own: 200, foreign: 200 },
  'POST /jsonrpc': {
    right: 'read',
    body: { jsonrpc: '2.0', method: 'agents/list', id: 1 },
    own: 200,
    foreign: 200,
  },
  'POST /a2a': { right: 'read', body: A2A_GET, own: 200, foreign: 200 },
  'POST /a2a/skills/:skill': { right: 'read', body: A2A_GET, own: 200, foreign: 200 },
  'POST /a2a/agents/:agent': { right: 'read', body: A2A_GET, own: 200, foreign: 200 },
  'POST /a2a/stream': { right: 'read', body: A2A_GET, own: 400, foreign: 400 },
  'GET /.well-known/agent-card.json': { right: null, own: 200, foreign: 200 },
  'GET /.well-known/jwks.json': { right: null, own: 200, foreign: 200 },
  'POST /gateway/register': {
    right: 'execute',
    body: { agent_id: 'newcomer', delivery: 'pull' },
    own: 200,
    foreign: 200,
  },
  'POST /gateway/heartbeat': { right: 'execute', body: MEMBER, own: 200, foreign: 404 },
  'GET /gateway/agents': { right: 'read', own: 200, foreign: 200 },
  'GET /gateway/status/:agent_id': { right: 'read', own: 200, foreign: 404 },
  // The member pulls: it has nothing to sign.
  'POST /gateway/agents/:agent_id/rotate-secret': { right: 'execute', body: {}, own: 409, foreign: 404 },
  'POST /gateway/send': {
    right: 'execute',
    body: { from_agent_id: 'x', to_agent_id: 'secret-member', content: [{ text: 'x' }] },
    own: 200,
    foreign: 404,
  },
  'GET /gateway/dead-letters': { right: 'read', own: 200, foreign: 200 },
  // This one was delivered.
  'GET /gateway/dead-letters/:message_id': { right: 'read', takesMessageId: true, own: 404, foreign: 404 },
  'POST /gateway/dead-letters/:message_id/redeliver': {
    right: 'execute',
    takesMessageId: true,
    own: 404,
    foreign: 404,
  },
  'POST /gateway/topics/:topic/publish': {
    right: 'execute',
    body: { content: [{ text: 'x' }] },
    own: 200,
    foreign: 200,
  },
  'GET /gateway/topics/:topic/stream': { right: 'read', endless: true, own: 200, foreign: 200 },
  'POST /gateway/subscriptions': {
    right: 'execute',
    body: { topic: 'a', agent_id: 'x' },
    own: 200,
    foreign: 200,
  },
  'GET /gateway/subscriptions': { right: 'read', own: 200, foreign: 200 },
  'DELETE /gateway/subscriptions/:subscription_id': { right: 'execute', own: 404, foreign: 404 },
  'GET /gateway/messages/:message_id': { right: 'read', takesMessageId: true, own: 200, foreign: 404 },
  'GET /gateway/conversations/:conversation_id/messages': { right: 'read', own: 200, foreign: 200 },
  'GET /gateway/inbox/:agent_id': { right: 'execute', own: 200, foreign: 404 },
  'POST /gateway/inbox/:agent_id/ack': {
    right: 'execute',
    body: { message_ids: ['x'] },
    own: 200,
    foreign: 404,
  },
  'POST /gateway/inbox/:agent_id/extend': {
    right: 'execute',
    body: { message_ids: ['x'] },
    own: 200,
    foreign: 404,
  },
  // The task is a bot's: nobody reports on it here.
  'POST /gateway/tasks/:id/status': {
    right: 'execute',
    takesTaskId: true,
    body: { status: 'running' },
    own: 404,
    foreign: 404,
  },
  'GET /gateway/health': { right: null, own: 200, foreign: 200 },
  'POST /gateway/unregister': { right: 'execute', body: { agent_id: 'nobody' }, own: 404, foreign: 404 },
  // Nothing is public here, so no card of a skill or an agent exists for anybody.
  ...Object.fromEntries(
    ['', '/skills/:skill', '/agents/:agent'].flatMap((path) => {
      const status = path === '' ? 200 : 404;
      return ['agent-card.json', 'agent.json'].map((file) => [
        `GET /a2a${path}/.well-known/${file}`,
        { right: null, own: status, foreign: status },
      ]);
    }),
  ),
  // The owner's card has what is his; a stranger's gateway has nothing of it.
  'GET /agent/authenticatedExtendedCard': { right: 'read', own: 200, foreign: 200 },
  'GET /a2a/agent/authenticatedExtendedCard': { right: 'read', own: 200, foreign: 200 },
  'GET /a2a/skills/:skill/agent/authenticatedExtendedCard': { right: 'read', own: 200, foreign: 404 },
  'GET /a2a/agents/:agent/agent/authenticatedExtendedCard': { right: 'read', own: 200, foreign: 404 },
  ...A2A_REST_ROUTES,
  ...CONTROL_PLANE_ROUTES,
  'POST /agents': {
    right: 'admin',
    // Nobody is there.
    body: { card_url: 'http://127.0.0.1:1', name: 'x' },
    own: 502,
    foreign: 502,
  },
  'GET /agents/:id': { right: 'read', takesRemote: true, own: 200, foreign: 404 },
  'DELETE /agents/:id': { right: 'admin', takesRemote: true, own: 204, foreign: 404 },
  'POST /agents/:id/refresh': { right: 'admin', takesRemote: true, own: 200, foreign: 404 },
  'POST /api-keys': { right: 'admin', body: { name: 'a key' }, own: 200, foreign: 200 },
  'GET /api-keys': { right: 'admin', own: 200, foreign: 200 },
  'DELETE /api-keys/:id': { right: 'admin', takesKeyId: true, own: 204, foreign: 404 },
  'GET /audit': { right: 'admin', own: 200, foreign: 200 },
  'GET /audit/export': { right: 'admin', own: 200, foreign: 200 },
  'POST /oauth/token': { right: null, body: {}, own: 400, foreign: 400 },
  'GET /.well-known/agent.json': { right: null, own: 200, foreign: 200 },
  'GET /.well-known/skill.md': { right: null, own: 200, foreign: 200 },
  // Static, with nothing of anybody's; the file of this case does not exist.
  'GET /openapi.json': { right: null, own: 200, foreign: 200 },
  'GET /docs': { right: null, own: 200, foreign: 200 },
  'GET /docs/:file': { right: null, own: 404, foreign: 404 },
  // Only the operator's own token opens it.
  'GET /metrics': { right: null, own: 401, foreign: 401 },
  'GET /health': { right: null, own: 200, foreign: 200 },
  'GET /health/live': { right: null, own: 200, foreign: 200 },
  'GET /health/ready': { right: null, own: 200, foreign: 200 },
};

/** Every method of POST /jsonrpc: its params, and the error that others get (null: an answer without anything of the owner's). */
const METHODS: Readonly<
  Record<
    RpcMethodName,
    { readonly params: Fields; readonly own: number | null; readonly foreign: number | null }
  >
> = {
  'tasks/send': { params: { skill: 'secret-skill', instruction: 'x' }, own: null, foreign: -32010 },
  'tasks/get': { params: { id: ':id' }, own: null, foreign: -32001 },
  'tasks/continue': { params: { id: ':id', instruction: 'x' }, own: -32002, foreign: -32001 },
  'tasks/cancel': { params: { id: ':id' }, own: -32002, foreign: -32001 },
  'agents/list': { params: {}, own: null, foreign: null },
};

let gateway: GatewayProcess;
let owner: Orchestrator;
let stranger: Orchestrator;
let nobody: Orchestrator;
let task: string;
let key: string;
let message: string;
let remote: A2aAgent;
let delivery: string;
let served: readonly string[];

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, '../support/routes.mjs')]);
  served = JSON.parse(stdout) as typeof served;
  gateway = await GatewayProcess.start({ env: AUTH_ON });
  owner = new Orchestrator(gateway.httpUrl, tokenFor(OWNER, { scope: 'admin' }));
  stranger = new Orchestrator(gateway.httpUrl, tokenFor('stranger-ns', { scope: 'admin' }));
  nobody = new Orchestrator(gateway.httpUrl);
  const bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'secret-agent',
    skills: ['secret-skill'],
    namespace: OWNER,
    token: tokenFor(OWNER),
    behaviour: silent,
  });
  const ack = await owner.submit({
    skill: 'secret-skill',
    constraints: { key: 'secret-constraint' },
    context_id: 'secret-context',
    // Nobody listens there: it stays on the way for as long as this takes.
    callback_url: `http://127.0.0.1:${await freePort()}/secret-callback`,
  });
  task = ack.task_id;
  await bot.complete(task, { text: 'secret-artifact' });
  key = await newKey();
  await makeOwnersRecords(owner);
  await owner.post('/gateway/register', { ...MEMBER, delivery: 'pull' });
  const sent = await owner.post('/gateway/send', {
    from_agent_id: 'x',
    to_agent_id: 'secret-member',
    conversation_id: 'secret-conversation',
    content: [{ type: 'text', text: 'secret-content' }],
  });
  message = sent.body['message_id'] as string;
  remote = await A2aAgent.start({ name: REMOTE, skills: ['secret-remote-skill'] });
  await newRemote();
  delivery = await eventually(async () => {
    const [first] = (await owner.get('/deliveries')).body['deliveries'] as { delivery_id: string }[];
    return first?.delivery_id;
  });
});
afterAll(async () => {
  await closeAllBots();
  await remote.close();
});

/** The id of a new API key of the owner. */
const newKey = async (): Promise<string> =>
  String((await owner.post('/api-keys', { name: 'secret-key' })).body['id']);

const REMOTE = 'secret-remote';

/** The name of a remote agent of the owner. */
const newRemote = async (): Promise<string> =>
  String((await owner.post('/agents', { card_url: remote.url })).body['id']);

/** What the route is about, of the owner's. */
function subjectOf(route: string): string {
  const { recordId, takesKeyId, takesMessageId, takesRemote } = ROUTES[route]!;
  if (takesRemote) return REMOTE;
  return recordId ?? (takesKeyId ? key : takesMessageId ? message : task);
}

/** The same, not used up by a case before. */
function freshSubjectOf(route: string): string | Promise<string> {
  const { takesKeyId, takesRemote } = ROUTES[route]!;
  if (takesRemote) return newRemote();
  return takesKeyId ? newKey() : subjectOf(route);
}

async function ask(who: Orchestrator, route: string, id = subjectOf(route)): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ');
  const { body } = ROUTES[route]!;
  const filled = path
    .replace(':id', id)
    .replace(':delivery', delivery)
    .replace(':skill', 'secret-skill')
    .replace(':agent_id', 'secret-member')
    .replace(':message_id', id)
    .replace(':conversation_id', 'secret-conversation')
    .replace(':agent', 'secret-agent')
    .replace(':tenant', encodeURIComponent('agents/secret-agent'))
    .replace('\\:', ':');
  return who.request(method, filled, body && JSON.parse(JSON.stringify(body).replace(':id', id)));
}

/** What is the same for everybody: the answer without its own id and time. */
function comparable({ status, headers, text, body }: Answer): unknown {
  const rest = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date');
  const requestId = headers.get('x-request-id') ?? '';
  return [status, rest, text.replace(requestId, '').replace(String(body['timestamp']), '')];
}

/** What a program reads of a refusal. */
const codeOf = ({ body }: Answer): unknown =>
  (body['error'] as { status?: string } | undefined)?.status ?? body['code'];

/** What it reads of one by the guards. */
const guardCode = (route: string, status: 401 | 403): unknown => {
  const { version } = ROUTES[route]!;
  if (version) return A2A_WORDS[version][status];
  if (route in CONTROL_PLANE_ROUTES) return CONTROL_WORDS[status];
  return status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN';
};

function expectNothingOfOwner({ text, headers }: Answer, id?: string): void {
  const all = `${text}\n${JSON.stringify([...headers])}`;
  for (const word of [...SECRETS, ...(id === undefined ? [task, key, delivery] : [])])
    expect(all).not.toContain(word);
}

test('every route has its case, and every case its route', () => {
  expect([...served].sort()).toEqual(Object.keys(ROUTES).sort());
  expect(Object.keys(METHODS).sort()).toEqual(Object.keys(RPC_METHODS).sort());
});

const routes = Object.entries(ROUTES);
const closed = routes.filter(([, { right }]) => right !== null);
const ending = closed.filter(([, { endless }]) => !endless);
const open = routes.filter(([, { right }]) => right === null);
const aboutOne = routes.filter(
  ([, { takesTaskId, takesKeyId, takesMessageId, takesRemote }]) =>
    takesTaskId || takesKeyId || takesMessageId || takesRemote,
);

describe('routes', () => {
  test.each(closed)('%s without a token: 401, whatever it is about', async (route) => {
    for (const id of [subjectOf(route), UNKNOWN]) {
      const answer = await ask(nobody, route, id);
      expect([answer.status, answer.headers.get('www-authenticate'), codeOf(answer)]).toEqual([
        401,
        'Bearer',
        guardCode(route, 401),
      ]);
      expectNothingOfOwner(answer);
    }
    expect(comparable(await ask(nobody, route))).toEqual(comparable(await ask(nobody, route, UNKNOWN)));
  });

  test.each(closed)('%s with a bad token: 401', async (route) => {
    const expired = new Orchestrator(gateway.httpUrl, tokenFor(OWNER, { exp: 1_700_000_000 }));
    const answer = await ask(expired, route);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ]);
    expectNothingOfOwner(answer);
  });

  test.each(closed)('%s without the right: 403 that names it', async (route, { right }) => {
    const scope = RIGHTS[RIGHTS.indexOf(right!) - 1] ?? '';
    const answer = await ask(new Orchestrator(gateway.httpUrl, tokenFor(OWNER, { scope })), route);
    expect([answer.status, answer.headers.get('www-authenticate'), codeOf(answer)]).toEqual([
      403,
      `Bearer error="insufficient_scope", scope="${right}"`,
      guardCode(route, 403),
    ]);
    expectNothingOfOwner(answer);
  });

  test.each(ending)('%s of its owner', async (route, { own }) => {
    expect((await ask(owner, route, await freshSubjectOf(route))).status).toBe(own);
  });

  test.each(ending)('%s of a stranger shows nothing of the owner', async (route, { foreign }) => {
    const answer = await ask(stranger, route);
    expect(answer.status).toBe(foreign);
    // A stranger's own words may come back to him: what he asked for, in the body or in the path.
    const own = `${JSON.stringify(ROUTES[route]!.body ?? {})} secret-conversation`;
    const said = SECRETS.filter((word) => own.includes(word)).reduce(
      (text, word) => text.replaceAll(word, ''),
      answer.text,
    );
    expectNothingOfOwner({ ...answer, text: said });
  });

  test.each(aboutOne)('%s of a stranger: byte for byte as for one that does not exist', async (route) => {
    expect(comparable(await ask(stranger, route))).toEqual(comparable(await ask(stranger, route, UNKNOWN)));
    expect(comparable(await ask(stranger, route))).toEqual(
      comparable(await ask(stranger, route, 'nonsense')),
    );
  });

  test.each(routes.filter(([, { recordId, foreign }]) => recordId !== undefined && foreign === 404))(
    '%s of a stranger: as for a record that does not exist',
    async (route, { recordId }) => {
      const answers = [await ask(stranger, route), await ask(stranger, route, 'none')];
      const [foreign, none] = answers.map(({ status, body }) => {
        const said = JSON.stringify({ ...body, timestamp: undefined });
        return [status, said.replaceAll('none', recordId!)];
      });
      expect(foreign).toEqual(none);
    },
  );

  test('streams of data: a stranger hears his own, and nothing of the owner', async () => {
    const listen = (who: Orchestrator): Promise<EventReader> =>
      EventReader.open(`${gateway.httpUrl}${API}/data/stream`, who.credentials);
    const [heard, foreign] = await Promise.all([listen(owner), listen(stranger)]);
    await makePlant(stranger, '.own');
    const point = (value: unknown, own = '') => ({
      data_id: `streamed${own}`,
      device_id: `dev-1${own}`,
      sensor_id: `temp-1${own}`,
      value,
    });
    await owner.post(`${API}/data/report`, point('secret-place'));
    await stranger.post(`${API}/data/report`, point(1, '.own'));
    await Promise.all([heard.until(1), foreign.until(1)]);
    expect(heard.events.map(({ data }) => data['value'])).toEqual(['secret-place']);
    expect(foreign.events.map(({ data }) => data['value'])).toEqual([1]);
    for (const reader of [heard, foreign]) reader.close();
  });
  test('topics: a stranger hears his own of the same name, and nothing of the owner', async () => {
    const listen = (who: Orchestrator): Promise<EventReader> =>
      EventReader.open(`${gateway.httpUrl}/gateway/topics/same/stream`, who.credentials);
    const publish = (who: Orchestrator, text: string): Promise<Answer> =>
      who.post('/gateway/topics/same/publish', { content: [{ text }] });
    await publish(owner, 'secret-content');
    await publish(stranger, 'his own');
    const [heard, foreign] = await Promise.all([listen(owner), listen(stranger)]);
    await Promise.all([heard.until(1), foreign.until(1)]);
    expect(heard.text).toContain('secret-content');
    expect(foreign.events.map(({ data }) => data['content'])).toEqual([[{ text: 'his own' }]]);
    for (const reader of [heard, foreign]) reader.close();
  });
  test.each(closed.filter(([route]) => route.includes(':delivery')))(
    '%s of a stranger: byte for byte as for a delivery that does not exist',
    async (route) => {
      const [method = '', path = ''] = route.split(' ');
      const about = (id: string) => stranger.request(method, path.replace(':delivery', id));
      expect(comparable(await about(delivery))).toEqual(comparable(await about('d-none')));
    },
  );

  test.each(open)('%s is public, and shows nothing of anybody', async (route, { own }) => {
    for (const who of [nobody, stranger]) {
      const answer = await ask(who, route);
      expect(answer.status).toBe(own);
      expectNothingOfOwner(answer);
    }
  });

  const named = closed.filter(
    ([route, { body }]) => body && ('skill' in body || 'name' in body) && !(route in CONTROL_PLANE_ROUTES),
  );
  test.each(named)('%s with the owner’s namespace in it: 403', async (route, { body }) => {
    const [method = '', path = ''] = route.split(' ');
    const answer = await stranger.request(method, path, { ...body, namespace: OWNER });
    expect([answer.status, answer.body['code']]).toEqual([403, 'FORBIDDEN']);
  });

  test('lists and filters: a stranger finds nothing by any of them', async () => {
    for (const query of [
      '',
      '?agent=secret-agent',
      '?skill=secret-skill',
      '?status=completed',
      '?context_id=secret-context',
      `?cursor=t-${'f'.repeat(32)}`,
      '?limit=200',
    ])
      expect((await stranger.get(`/tasks${query}`)).body).toEqual({ tasks: [], next_cursor: null });
    expect((await owner.get('/tasks?status=completed')).body['tasks']).toHaveLength(1);
    for (const query of ['', '?kind=callback', '?status=pending', `?cursor=${delivery}`])
      expect((await stranger.get(`/deliveries${query}`)).body).toEqual({ deliveries: [], next_cursor: null });
    expect((await owner.get('/deliveries?kind=callback')).body['deliveries']).not.toEqual([]);
  });
});

const methods = Object.entries(METHODS) as [RpcMethodName, (typeof METHODS)[RpcMethodName]][];

describe('methods of POST /jsonrpc', () => {
  const call = (who: Orchestrator, method: RpcMethodName, id = task): Promise<Answer> =>
    who.rpc(method, JSON.parse(JSON.stringify(METHODS[method].params).replace(':id', id)));
  const rpcCodeOf = ({ body }: Answer): number | null =>
    (body['error'] as { code: number } | undefined)?.code ?? null;

  test.each(methods)(
    '%s without a token: 401, with and without an id, in a batch too',
    async (method, { params }) => {
      expect((await call(nobody, method)).status).toBe(401);
      expect((await nobody.post('/jsonrpc', { jsonrpc: '2.0', method, params })).status).toBe(401);
      expect((await nobody.post('/jsonrpc', [{ jsonrpc: '2.0', method, params, id: 1 }])).status).toBe(401);
    },
  );

  test.each(methods)('%s without the right: refused', async (method) => {
    const { right } = RPC_METHODS[method];
    const caller = new Orchestrator(
      gateway.httpUrl,
      tokenFor(OWNER, { scope: right === 'execute' ? 'read' : '' }),
    );
    const answer = await call(caller, method);
    if (right === 'read') expect(answer.status).toBe(403);
    else expect([answer.status, rpcCodeOf(answer)]).toEqual([200, -32012]);
    expectNothingOfOwner(answer);
  });

  test.each(methods)('%s of its owner', async (method, { own }) => {
    const answer = await call(owner, method);
    expect([answer.status, rpcCodeOf(answer)]).toEqual([200, own]);
  });

  test.each(methods)('%s of a stranger shows nothing of the owner', async (method, { foreign }) => {
    const answer = await call(stranger, method);
    expect([answer.status, rpcCodeOf(answer)]).toEqual([200, foreign]);
    const asked = JSON.stringify(METHODS[method].params).includes('secret-skill');
    expectNothingOfOwner({
      ...answer,
      text: asked ? answer.text.replaceAll('secret-skill', '') : answer.text,
    });
  });

  test.each(methods.filter(([method]) => RPC_METHODS[method].takesTaskId))(
    '%s of a stranger: byte for byte as for a task that does not exist',
    async (method) => {
      const answers = [task, UNKNOWN, 'nonsense'].map(async (id) =>
        comparable(await call(stranger, method, id)),
      );
      const [first, ...rest] = await Promise.all(answers);
      for (const answer of rest) expect(answer).toEqual(first);
    },
  );

  test('tasks/send with the owner’s namespace: −32012', async () => {
    const answer = await stranger.rpc('tasks/send', {
      skill: 'secret-skill',
      instruction: 'x',
      namespace: OWNER,
    });
    expect(rpcCodeOf(answer)).toBe(-32012);
  });
});

/** Every method of A2A over JSON-RPC, in both versions; `:id` is a task's id. */
const A2A_METHODS = {
  '1.0': {
    SendMessage: { message: { messageId: ':new', role: 'ROLE_USER', taskId: ':id', parts: [{ text: 'x' }] } },
    SendStreamingMessage: {
      message: { messageId: ':new', role: 'ROLE_USER', taskId: ':id', parts: [{ text: 'x' }] },
    },
    GetTask: { id: ':id' },
    CancelTask: { id: ':id' },
    SubscribeToTask: { id: ':id' },
    ListTasks: {},
    CreateTaskPushNotificationConfig: { taskId: ':id', url: 'http://127.0.0.1/' },
    GetTaskPushNotificationConfig: { taskId: ':id', id: 'x' },
    ListTaskPushNotificationConfigs: { taskId: ':id' },
    DeleteTaskPushNotificationConfig: { taskId: ':id', id: 'x' },
    GetExtendedAgentCard: {},
  },
  '0.3': {
    'message/send': { message: { messageId: ':new', role: 'user', taskId: ':id', parts: [{ text: 'x' }] } },
    'message/stream': { message: { messageId: ':new', role: 'user', taskId: ':id', parts: [{ text: 'x' }] } },
    'tasks/get': { id: ':id' },
    'tasks/cancel': { id: ':id' },
    'tasks/resubscribe': { id: ':id' },
    'tasks/pushNotificationConfig/set': {
      taskId: ':id',
      pushNotificationConfig: { url: 'http://127.0.0.1/' },
    },
    'tasks/pushNotificationConfig/get': { id: ':id' },
    'tasks/pushNotificationConfig/list': { id: ':id' },
    'tasks/pushNotificationConfig/delete': { id: ':id', pushNotificationConfigId: 'x' },
    'agent/getAuthenticatedExtendedCard': {},
  },
} as const;

describe.each(Object.entries(A2A_METHODS))('methods of A2A %s', (version, methodsOfVersion) => {
  let count = 0;
  const call = (who: Orchestrator, method: string, params: object, id: string): Promise<Answer> => {
    const text = JSON.stringify(params).replace(':id', id).replace(':new', `message-${++count}`);
    const body = { jsonrpc: '2.0', method, params: JSON.parse(text) as object, id: 1 };
    return who.request('POST', '/a2a', body, { 'a2a-version': version });
  };

  test.each(Object.entries(methodsOfVersion))(
    '%s: a stranger gets the same for a foreign task as for none',
    async (method, params) => {
      const answers: unknown[] = [];
      for (const id of [task, UNKNOWN, 'nonsense']) {
        const answer = await call(stranger, method, params, id);
        expect(answer.status).toBe(200);
        expectNothingOfOwner(answer);
        answers.push(comparable(answer));
      }
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
      expect((await call(nobody, method, params, task)).status).toBe(401);
    },
  );

  test('what submits or cancels needs the right to', async () => {
    const reader = new Orchestrator(gateway.httpUrl, tokenFor(OWNER, { scope: 'read' }));
    for (const [method, params] of Object.entries(methodsOfVersion)) {
      if (!/send|cancel$|CancelTask|message\/stream|SendStreaming/i.test(method)) continue;
      const fresh = JSON.parse(JSON.stringify(params).replace('"taskId":":id",', '')) as object;
      const { error } = (await call(reader, method, fresh, task)).body as { error?: { code: number } };
      expect([method, error?.code]).toEqual([method, -32012]);
    }
  });
});

test('what happened to the owner’s task: nothing', async () => {
  expect(await owner.task(task)).toMatchObject({
    status: 'completed',
    artifact: { text: 'secret-artifact' },
  });
});
