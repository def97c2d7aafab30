import { startHttpApp, type AppOptions, type TestApp } from '../../../test/support/http-app.js';
import { anAgent } from '../../../test/support/records.js';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import type { RouteRequest, RoutingExplanation } from '../../engine/routing/routing.service.js';
import { AgentsController } from './agents.controller.js';
import { DeliveriesController } from './deliveries.controller.js';
import { OAuthController } from './oauth.controller.js';
import { REST_ROUTES } from './rest.routes.js';
import { RoutingController } from './routing.controller.js';
import { TasksController } from './tasks.controller.js';
import { WellKnownController } from './well-known.controller.js';

const controllers = [
  TasksController,
  AgentsController,
  DeliveriesController,
  RoutingController,
  OAuthController,
  WellKnownController,
];
const explanation: RoutingExplanation = {
  skill: 's',
  strategy: 'least_load',
  reason: 'r',
  candidates: 0,
  available: 0,
  chosen: null,
  agents: [],
};

let app: TestApp;
let explained: RouteRequest[];
const start = async (options: Partial<AppOptions> = {}): Promise<void> => {
  explained = [];
  const twin = anAgent({
    card: { ...anAgent().card, skills: [{ id: 'summarize', name: 'Again', description: '', tags: [] }] },
  });
  const fakes = {
    registry: { list: () => [anAgent(), twin] },
    routing: { explain: (_: Principal, request: RouteRequest) => (explained.push(request), explanation) },
  };
  app = await startHttpApp({ controllers, ...options, fakes: { ...fakes, ...options.fakes } });
};
afterEach(() => app.close());

const post = (
  path: string,
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Response> => fetch(`${app.url}${path}`, { method: 'POST', headers, body });

interface Layer {
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method: string }[] };
}

test('the published routes are those that are served', async () => {
  await start();
  const { router } = app.app.getHttpAdapter().getInstance() as { router: { stack: readonly Layer[] } };
  const served = router.stack.flatMap(({ route }) =>
    route ? [`${route.stack[0]?.method.toUpperCase()} ${route.path}`] : [],
  );
  expect(served.sort()).toEqual(REST_ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
});

describe('with auth on', () => {
  const authenticate = (header: string | undefined): Promise<Principal> =>
    header === 'Bearer good'
      ? Promise.resolve({
          id: 'token:me',
          namespace: 'production' as Namespace,
          rights: new Set(['read'] as const),
          grants: [],
        })
      : Promise.reject(new GatewayError('UNAUTHENTICATED', 'Authorization: got nothing'));
  const call = (path: string, method: string, headers = {}): Promise<Response> =>
    fetch(`${app.url}${path.replace(':id', 't-1')}`, { method, headers });

  beforeEach(() => start({ auth: { mode: 'jwt' }, fakes: { auth: { enabled: true, authenticate } } }));

  test.each(REST_ROUTES.filter(({ right }) => right !== null))(
    'B120: $method $path without a token: 401',
    async ({ path, method }) => {
      const res = await call(path, method);
      expect(res.status).toBe(401);
      expect(res.headers.get('www-authenticate')).toBe('Bearer');
      expect(await res.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
    },
  );

  test.each(REST_ROUTES.filter(({ right }) => right === 'execute'))(
    '$method $path needs the right to execute',
    async ({ path, method }) => {
      expect((await call(path, method, { authorization: 'Bearer good' })).status).toBe(403);
    },
  );

  test('B128: the cards are public, and show public namespaces only', async () => {
    expect((await call('/.well-known/skill.md', 'GET')).status).toBe(200);
    const card = await call('/.well-known/agent.json', 'GET');
    expect([card.status, await card.json()]).toEqual([200, expect.objectContaining({ skills: [] })]);
  });
});

test('public namespaces are on the public card', async () => {
  await start({
    auth: { mode: 'jwt', publicNamespaces: ['production'] },
    fakes: { auth: { enabled: true }, registry: { list: () => [anAgent()] } },
  });
  const card = (await (await fetch(`${app.url}/.well-known/agent.json`)).json()) as { skills: unknown[] };
  expect(card.skills).toHaveLength(2);
});

describe('GET /.well-known/agent.json', () => {
  test('B004, A001: the aggregated card', async () => {
    await start({ config: { publicUrl: 'https://gateway.example' } });
    const card = (await (
      await fetch(`${app.url}/.well-known/agent.json`, { headers: { host: 'evil.example' } })
    ).json()) as Record<string, unknown>;
    expect(card).toMatchObject({
      name: 'agent-gateway',
      description: expect.any(String) as string,
      url: 'https://gateway.example/a2a',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      protocolVersion: expect.any(String) as string,
      capabilities: { streaming: true },
    });
    expect(card['skills']).toEqual([
      { id: 'summarize', name: 'Text Summarization', description: '', tags: [] },
      { id: 'translate', name: 'Translation', description: '', tags: [] },
    ]);
  });
});

test('B009: GET /agents', async () => {
  await start();
  expect(await (await fetch(`${app.url}/agents`)).json()).toMatchObject({
    total: 2,
    agents: [{ name: 'nanobot-text-001', load: 0 }, {}],
  });
});

describe('POST /routing/explain', () => {
  test('asks the router, and creates nothing', async () => {
    await start();
    const res = await post('/routing/explain', '{"skill":"s","context_id":"c"}');
    expect([res.status, await res.json()]).toEqual([200, explanation]);
    expect(explained).toEqual([{ skill: 's', scope: null, pinnedAgent: null, contextId: 'c' }]);
  });

  test('without a skill: 400', async () => {
    await start();
    expect((await post('/routing/explain', '{}')).status).toBe(400);
    expect((await post('/routing/explain', '[]')).status).toBe(400);
  });
});

test('POST /oauth/token speaks RFC 6749 with the form, the header and the answer of the token service', async () => {
  const handle = jest.fn().mockResolvedValue({
    status: 401,
    headers: { 'Cache-Control': 'no-store' },
    body: { error: 'invalid_client' },
  });
  await start({ fakes: { tokens: { handle } } });
  const form = { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Basic eDp5' };
  const res = await post('/oauth/token', 'grant_type=client_credentials', form);
  expect([res.status, await res.json()]).toEqual([401, { error: 'invalid_client' }]);
  expect(res.headers.get('cache-control')).toBe('no-store');
  expect(handle).toHaveBeenCalledWith({
    body: { grant_type: 'client_credentials' },
    authorization: 'Basic eDp5',
    origin: expect.objectContaining({ request: 'POST /oauth/token' }) as unknown,
  });
});
