import { GatewayProcess } from '../../support/gateway-process.js';
import { Orchestrator, type Fields } from '../../support/orchestrator.js';
import { API, makePlant, refusal } from '../../support/control-plane.js';
import { closeAllBots, TestBot } from '../../support/test-bot.js';

let gateway: GatewayProcess;
let http: Orchestrator;
const PATH = `${API}/routes`;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
  await makePlant(http);
});
afterAll(async () => {
  await closeAllBots();
  await gateway.stop();
});

const ROUTE = {
  route_id: 'r-1',
  name: 'To the center',
  description: 'x',
  source: { agent_type: 'end_agent', filters: { zone_id: 'zone-123' } },
  destination: {
    agent_type: 'mcp_agent',
    endpoints: [
      { url: 'https://center.example:8443/api/v1/messages/forward', weight: 3 },
      { url: 'mqtts://broker.example/a/b', weight: 0 },
    ],
  },
  priority: 7,
  enabled: true,
};
const idsOf = (body: Fields) => (body['items'] as Fields[]).map((item) => item['route_id']);

test('every field of the seed comes back; a repeat finds it; other content does not', async () => {
  const made = await http.post(PATH, ROUTE);
  expect([made.status, made.headers.get('etag')]).toEqual([201, '"1"']);
  expect(made.body).toMatchObject({ ...ROUTE, version: 1 });
  expect((await http.post(PATH, ROUTE)).headers.get('idempotent-replay')).toBe('true');
  expect(refusal(await http.post(PATH, { ...ROUTE, priority: 8 }))).toEqual([409, '3006', 'id_taken']);
  expect((await http.get(`${PATH}/r-1`)).body).toEqual(made.body);
});

test('what is left out: priority 0, enabled, weight 1, no filters', async () => {
  const { name, destination } = ROUTE;
  const endpoints = [{ url: 'agent:end-1' }];
  const { body } = await http.post(PATH, {
    name,
    source: { agent_type: '*' },
    destination: { ...destination, endpoints },
  });
  expect(body).toMatchObject({
    priority: 0,
    enabled: true,
    source: { filters: {} },
    destination: { endpoints: [{ url: 'agent:end-1', weight: 1 }] },
  });
  await http.request('DELETE', `${PATH}/${body['route_id'] as string}`);
});

test.each<[string, object, string]>([
  ['no source', { source: undefined }, 'source'],
  ['no agent type', { source: { filters: {} } }, 'source.agent_type'],
  ['no endpoint', { destination: { agent_type: 'x', endpoints: [] } }, 'destination.endpoints'],
  [
    '33 endpoints',
    { destination: { agent_type: 'x', endpoints: Array<object>(33).fill({ url: 'agent:x' }) } },
    'destination.endpoints',
  ],
  ...[
    'ftp://x.example',
    'https://',
    'x',
    'agent:',
    'https://user:secret@x.example',
    `https://x/${'x'.repeat(512)}`,
  ].map((url): [string, object, string] => [
    `the endpoint ${url.slice(0, 40)}`,
    { destination: { agent_type: 'x', endpoints: [{ url }] } },
    'destination.endpoints.0.url',
  ]),
  [
    'a weight of 1001',
    { destination: { agent_type: 'x', endpoints: [{ url: 'agent:x', weight: 1001 }] } },
    'destination.endpoints.0.weight',
  ],
  ['a priority that is none', { priority: 1.5 }, 'priority'],
  ['enabled that is text', { enabled: 'yes' }, 'enabled'],
])('%s: 400/3004', async (_, more, field) => {
  expect(refusal(await http.post(PATH, { ...ROUTE, route_id: 'wrong', ...more }))).toEqual([
    400,
    '3004',
    [field],
  ]);
});

test('changes, versions, enabling and disabling, removal', async () => {
  const patch = (body: object, headers = {}) => http.request('PATCH', `${PATH}/r-1`, body, headers);
  const patched = await patch({ source: { filters: { zone_id: null, tags: ['a'] } } }, { 'if-match': '"1"' });
  expect(patched.body).toMatchObject({
    source: { agent_type: 'end_agent', filters: { tags: ['a'] } },
    version: 2,
  });
  expect(refusal(await patch({ priority: 1 }, { 'if-match': '"1"' }))).toEqual([
    409,
    '3006',
    'version_mismatch',
  ]);
  expect((await http.post(`${PATH}/r-1/disable`)).body).toMatchObject({ enabled: false, version: 3 });
  expect((await http.post(`${PATH}/r-1/enable`)).body).toMatchObject({ enabled: true, version: 4 });
  const put = await http.request('PUT', `${PATH}/r-1`, { ...ROUTE, priority: undefined });
  expect(put.body).toMatchObject({ priority: 0, source: ROUTE.source, version: 5 });
  expect((await http.request('DELETE', `${PATH}/r-1`)).status).toBe(204);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/enable'],
  ] as const)
    expect(refusal(await http.request(method, `${PATH}/r-1${path}`))).toEqual([404, '3001', undefined]);
});

test('lists and filters', async () => {
  const make = (route_id: string, more: object) => http.post(PATH, { ...ROUTE, route_id, ...more });
  await make('l-1', { priority: 1 });
  await make('l-2', { priority: 3, enabled: false });
  await make('l-3', { priority: 2, source: { agent_type: 'bot' } });
  expect(idsOf((await http.get(PATH)).body)).toEqual(['l-3', 'l-2', 'l-1']);
  expect(idsOf((await http.get(`${PATH}?sort=-priority`)).body)).toEqual(['l-2', 'l-3', 'l-1']);
  expect(idsOf((await http.get(`${PATH}?enabled=true`)).body)).toEqual(['l-3', 'l-1']);
  expect(idsOf((await http.get(`${PATH}?source_type=bot`)).body)).toEqual(['l-3']);
  expect(refusal(await http.get(`${PATH}?enabled=maybe`))).toEqual([400, '3004', ['enabled']]);
  for (const id of ['l-1', 'l-2', 'l-3']) await http.request('DELETE', `${PATH}/${id}`);
});

describe('which rule a message would take', () => {
  const match = (source_id: string, destination_id = 'mcp-1') =>
    http.post(`${PATH}/match`, { source_id, destination_id });
  const to = (weight: number) => ({ agent_type: '*', endpoints: [{ url: 'agent:mcp-1', weight }] });

  beforeAll(async () => {
    await TestBot.connect({ url: gateway.botUrl, name: 'bot-1', skills: ['read'], namespace: 'default' });
  });

  test('no rule: 404/3001 no_route; nobody sends: 404/3001', async () => {
    expect(refusal(await match('bot-1'))).toEqual([404, '3001', 'no_route']);
    const unknown = await match('nobody');
    expect([refusal(unknown), unknown.body['message']]).toEqual([
      [404, '3001', undefined],
      'Agent not found',
    ]);
    expect(refusal(await http.post(`${PATH}/match`, {}))).toEqual([
      400,
      '3004',
      ['source_id', 'destination_id'],
    ]);
  });

  test('the first that matches, and why not those before it', async () => {
    const make = (route_id: string, more: object) =>
      http.post(PATH, { ...ROUTE, route_id, destination: to(1), ...more });
    await make('general', { source: { agent_type: '*' }, priority: 0 });
    await make('others', { source: { agent_type: 'end_agent' }, priority: 9 });
    await make('off', { source: { agent_type: '*' }, priority: 99, enabled: false });
    await make('readers', { source: { agent_type: 'bot', filters: { capability: 'read' } }, priority: 5 });
    expect((await match('bot-1')).body).toEqual({
      route_id: 'readers',
      endpoint: { url: 'agent:mcp-1', weight: 1 },
      considered: [
        { route_id: 'others', matches: false, reason: 'source.agent_type is end_agent, the sender is bot' },
        { route_id: 'readers', matches: true, reason: 'matches' },
      ],
    });
    await http.post(`${PATH}/readers/disable`);
    expect((await match('bot-1')).body).toMatchObject({ route_id: 'general' });
  });
});
