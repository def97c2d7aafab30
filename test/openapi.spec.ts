import 'reflect-metadata';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OPS_API } from '../src/ops/openapi/ops.openapi.js';
import { openApiDocument } from '../src/ops/openapi/document.js';
import { ADMIN_API } from '../src/protocols/admin/admin.openapi.js';
import { A2A_API } from '../src/protocols/a2a/a2a.openapi.js';
import { OODER_API } from '../src/protocols/ooder/ooder.openapi.js';
import { REMOTE_AGENTS_API } from '../src/protocols/a2a/remote/remote-agents.openapi.js';
import { JSONRPC_API } from '../src/protocols/jsonrpc/jsonrpc.openapi.js';
import { DELIVERIES_API } from '../src/protocols/rest/deliveries.openapi.js';
import { REST_API } from '../src/protocols/rest/rest.openapi.js';
import { WEBHOOK_API } from '../src/protocols/webhook/webhook.openapi.js';
import { version } from '../src/transport/version.js';
import { A2aAgent } from './fakes/a2a-agent.js';
import { AUTH_ON } from './support/env.js';
import { GatewayProcess } from './support/gateway-process.js';
import { Orchestrator, type Answer } from './support/orchestrator.js';
import { closeAllBots, TestBot } from './support/test-bot.js';
import { tokenFor } from './support/tokens.js';

/** The API document against itself, against OpenAPI, against the router and against what the gateway really answers. */

interface Media {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly example?: string }[];
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, SharedResponse>>;
}
interface SharedResponse {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Media>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const ROOT = join(__dirname, '..');
const committed = readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8');
const document = JSON.parse(committed) as Document & Record<string, unknown>;
/** Answers that many operations share are in the components. */
const shared = (document['components'] as { responses: Readonly<Record<string, SharedResponse>> }).responses;
const resolved = (response: SharedResponse): SharedResponse =>
  response.$ref ? shared[response.$ref.split('/').at(-1)!]! : response;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

/** Schemas that describe all fields take no others: a field that nobody has described fails. */
const strict = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(strict);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, strict(entry)]));
  const closes = copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return closes ? { ...copy, unevaluatedProperties: false } : copy;
};

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(
  strict(JSON.parse(committed.replaceAll('#/components/', 'document#/components/'))) as object,
  'document',
);
const compiled = new Map<object, ValidateFunction>();

/** Why a value is not of a schema; empty: it is. Schemas composed of several are not closed at their parts. */
function problems(schema: object, value: unknown): unknown[] {
  let validate = compiled.get(schema);
  if (!validate) {
    const text = JSON.stringify(schema).replaceAll('#/components/', 'document#/components/');
    compiled.set(schema, (validate = ajv.compile(strict(JSON.parse(text)) as object)));
  }
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message, params }) => ({ instancePath, message, params }));
}

test('the committed document is what the code describes (npm run docs:openapi)', () => {
  const made = openApiDocument(
    [
      REST_API,
      DELIVERIES_API,
      JSONRPC_API,
      A2A_API,
      REMOTE_AGENTS_API,
      WEBHOOK_API,
      ADMIN_API,
      OODER_API,
      OPS_API,
    ],
    version,
    'http://127.0.0.1:8443',
  );
  expect(`${JSON.stringify(made, null, 2)}\n`).toBe(committed);
});

test('it is OpenAPI 3.1', async () => {
  const result = await new Validator().validate(JSON.parse(committed) as Record<string, unknown>);
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

test('it describes every route of the router, and no other', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'test/support/routes.mjs')], {
    cwd: ROOT,
  });
  const routes = (JSON.parse(stdout) as string[])
    // Express escapes a colon that is no parameter's.
    .map((route) =>
      route
        .replaceAll('\\:', '\n')
        .replace(/:(\w+)/g, '{$1}')
        .replaceAll('\n', ':'),
    )
    .filter((route) => !/^GET \/(openapi\.json|docs)/.test(route)) // the document itself, and its page
    .filter((route) => !route.includes('{tenant}')); // told in the description of the route without it
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(routes.sort());
});

test('ids are unique, and every operation says how it refuses', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const guarded = operations.filter(({ operation }) => operation.security === undefined);
  for (const { operation } of guarded)
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '429']));
});

test.each(operations.map(({ method, path, operation }) => [`${method} ${path}`, operation] as const))(
  '%s: its examples are of its schemas',
  (_, { requestBody, responses }) => {
    const media = [requestBody, ...Object.values(responses).map(resolved)].flatMap((part) =>
      Object.values(part?.content ?? {}),
    );
    for (const { schema, examples = {} } of media) {
      expect(Object.keys(examples).length).toBeGreaterThan(0);
      for (const { value } of Object.values(examples)) expect(problems(schema, value)).toEqual([]);
    }
  },
);

/** What an agent reports that has made something and asks. */
const QUESTION = {
  status: 'input_required',
  message: { parts: [{ type: 'text', text: 'which one?' }], messageId: 'q-1' },
  artifact: { artifact_id: 'draft', name: 'Draft', text: 'so far' },
};

describe('what the gateway really answers', () => {
  let gateway: GatewayProcess;
  let http: Orchestrator;
  let remote: A2aAgent;
  let done: string;
  let failed: string;
  /** A task that an agent has pulled. */
  let open: string;
  let message: string;

  beforeAll(async () => {
    gateway = await GatewayProcess.start({ env: AUTH_ON });
    http = new Orchestrator(gateway.httpUrl, tokenFor('production', { scope: 'admin' }));
    await TestBot.connect({
      url: gateway.botUrl,
      name: 'nanobot-text-001',
      skills: ['summarize', 'translate'],
      token: tokenFor('production'),
      namespace: 'production',
    });
    await TestBot.connect({
      url: gateway.botUrl,
      name: 'asker',
      skills: ['ask'],
      token: tokenFor('production'),
      namespace: 'production',
      behaviour: async (bot, { id }) => void (await bot.report(id, QUESTION)),
    });
    ({ task_id: done } = await http.submit({ skill: 'summarize', context_id: 'c' }));
    await (await http.stream(done)).toEnd();
    ({ task_id: failed } = await http.submit({ skill: 'nobody', wait_for_agent: true }));
    await http.cancel(failed);
    await http.post('/gateway/register', {
      agent_id: 'receiver-001',
      capabilities: ['dig'],
      delivery: 'pull',
    });
    ({ task_id: open } = await http.submit({ skill: 'dig' }));
    const sent = await http.post('/gateway/send', {
      from_agent_id: 'sender-001',
      to_agent_id: 'receiver-001',
      conversation_id: 'conv-abc-123',
      content: [{ type: 'text', text: 'Hello' }],
    });
    message = sent.body['message_id'] as string;
    remote = await A2aAgent.start({ name: 'prime_agent' });
  });
  afterAll(async () => {
    await closeAllBots();
    await remote.close();
  });

  /** An example in which the remote agent is a real one. */
  const reachable = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll('https://primes.example.com', remote.url));

  /** A task whose agent waits for an answer. */
  const asked = async (): Promise<string> => {
    const { task_id: id } = await http.submit({ skill: 'ask' });
    await http.untilStatus(id, 'input_required');
    return id;
  };

  const described = (method: string, path: string): Operation =>
    operations.find((one) => one.method === method && one.path === path)!.operation;

  /** Sends a request and holds the answer against the document. */
  async function check(
    method: string,
    path: string,
    {
      body,
      as = http,
      id = done,
      query = '',
      type,
    }: { body?: unknown; as?: Orchestrator; id?: string; query?: string; type?: string } = {},
  ): Promise<Answer> {
    const headers = type === undefined ? {} : { 'content-type': type };
    const example = described(method, path).parameters?.find(({ name }) => name === 'id')?.example;
    const where = path
      .replace(
        '{id}',
        path.startsWith('/api/v1/') ? (example ?? '') : path.startsWith('/gateway/') ? open : id,
      )
      .replace('{skill}', 'summarize')
      .replace('{agent}', 'nanobot-text-001')
      .replace('{agent_id}', path.includes('rotate') ? 'my-agent-001' : 'receiver-001')
      .replace('{message_id}', message)
      .replace('{topic}', 'weather')
      .replace('{conversation_id}', 'conv-abc-123');
    const answer = await as.request(method, where + query, body, headers);
    const said = described(method, path).responses[answer.status];
    expect({
      route: `${method} ${path}`,
      status: answer.status,
      described: said !== undefined,
    }).toEqual({ route: `${method} ${path}`, status: answer.status, described: true });
    const mediaType = (answer.headers.get('content-type') ?? '').split(';')[0]!;
    const media = said && resolved(said).content?.[mediaType];
    if (answer.text !== '') expect(media).toBeDefined();
    if (media && /[/+]json$/.test(mediaType))
      expect(problems(media.schema, JSON.parse(answer.text))).toEqual([]);
    return answer;
  }

  test.each(
    operations
      .filter(({ operation }) => operation.requestBody)
      .flatMap(({ method, path, operation }) =>
        Object.entries(operation.requestBody!.content['application/json']?.examples ?? {}).map(
          ([name, { value }]) => [method, path, name, value] as const,
        ),
      ),
  )('%s %s takes its example "%s"', async (method, path, _, value) => {
    const id = path === '/tasks/{id}/messages' ? await asked() : done;
    expect([200, 201]).toContain((await check(method, path, { body: reachable(value), id })).status);
  });

  test.each([
    ['GET', '/tasks', '?limit=2'],
    ['GET', '/a2a/tasks', '?pageSize=2'],
    ['GET', '/a2a/tasks/{id}', ''],
    ['GET', '/a2a/v1/tasks/{id}', ''],
    ['GET', '/tasks', '?status=completed&skill=summarize&agent=nanobot-text-001&context_id=c'],
    ['GET', '/tasks/{id}', ''],
    ['GET', '/agents', ''],
    ['GET', '/api-keys', ''],
    ['GET', '/api/v1/resources', '?type=zone&parent_id=plant-1&status=active&sort=name&limit=1'],
    ['GET', '/api/v1/resources/{id}', ''],
    ['GET', '/api/v1/resources/{id}/children', ''],
    ['GET', '/api/v1/resources/{id}/tree', ''],
    ['GET', '/api/v1/devices', '?zone_id=zone-123'],
    ['GET', '/api/v1/devices/{id}', ''],
    ['GET', '/api/v1/devices/{id}/sensors', ''],
    ['GET', '/api/v1/devices/{id}/twin', ''],
    ['GET', '/api/v1/sensors', '?device_id=thermo-1&type=temperature'],
    ['GET', '/api/v1/sensors/{id}', ''],
    ['GET', '/api/v1/routes', '?enabled=true&source_type=bot&sort=-priority'],
    ['GET', '/api/v1/routes/{id}', ''],
    ['POST', '/api/v1/routes/{id}/disable', ''],
    ['POST', '/api/v1/routes/{id}/enable', ''],
    ['GET', '/api/v1/data', '?sensor_id=temp-1&quality=good&from=0&limit=1'],
    ['GET', '/api/v1/data', '?agg=avg&bucket=1h&device_id=thermo-1'],
    ['GET', '/api/v1/data/latest', ''],
    ['GET', '/api/v1/data/latest', '?device_id=thermo-1&sensor_id=temp-1'],
    ['GET', '/api/v1/data/{id}', ''],
    ['GET', '/audit', '?outcome=denied&from=2020-01-01T00:00:00Z'],
    ['GET', '/audit/export', '?action=task.submit'],
    ['GET', '/deliveries', '?status=dead&kind=callback&limit=2'],
    ['GET', '/.well-known/agent.json', ''],
    ['GET', '/.well-known/skill.md', ''],
    ['GET', '/health', ''],
    ['GET', '/health/live', ''],
    ['GET', '/health/ready', ''],
    ['GET', '/gateway/agents', '?online_only=false'],
    ['GET', '/gateway/status/{agent_id}', ''],
    ['GET', '/gateway/messages/{message_id}', ''],
    ['GET', '/gateway/dead-letters', '?limit=1'],
    ['GET', '/gateway/subscriptions', ''],
    ['GET', '/gateway/conversations/{conversation_id}/messages', '?limit=1'],
    ['GET', '/gateway/inbox/{agent_id}', '?wait=1s'],
    ['GET', '/gateway/health', ''],
  ])('%s %s%s', async (method, path, query) => {
    expect((await check(method, path, { query })).status).toBe(200);
  });

  test('a bot and a remote agent, by name', async () => {
    await check('POST', '/agents', { body: { card_url: remote.url } });
    expect((await check('GET', '/agents/{id}', { id: 'nanobot-text-001' })).status).toBe(200);
    expect((await check('GET', '/agents/{id}', { id: 'prime_agent' })).status).toBe(200);
    expect((await check('POST', '/agents/{id}/refresh', { id: 'prime_agent' })).status).toBe(200);
    const { agents } = (await check('GET', '/agents')).body as { agents: { id: string }[] };
    expect(agents.map(({ id }) => id)).toEqual(expect.arrayContaining(['nanobot-text-001', 'prime_agent']));
    expect((await check('DELETE', '/agents/{id}', { id: 'prime_agent' })).status).toBe(204);
  });

  test('a canceled task, a page of it', async () => {
    expect((await check('GET', '/tasks/{id}', { id: failed })).body['status']).toBe('canceled');
    await check('GET', '/tasks', { query: '?status=canceled' });
  });

  test('a task whose agent asks', async () => {
    const { body } = await check('GET', '/tasks/{id}', { id: await asked() });
    expect(body).toMatchObject({ status: 'input_required', artifacts: [{ artifact_id: 'draft' }] });
  });

  test('every event of a stream is a TaskEvent', async () => {
    const id = await asked();
    await http.post(`/tasks/${id}/messages`, { instruction: 'x' });
    await http.cancel(id);
    const both = [await (await http.stream(done)).toEnd(), await (await http.stream(id)).toEnd()];
    for (const events of both) expect(events.length).toBeGreaterThan(1);
    const schema = { $ref: '#/components/schemas/TaskEvent' };
    for (const { raw } of both.flat()) expect(problems(schema, JSON.parse(raw))).toEqual([]);
  });

  test('refusals', async () => {
    const nobody = new Orchestrator(gateway.httpUrl);
    const reader = new Orchestrator(gateway.httpUrl, tokenFor('production', { scope: 'read' }));
    const unknown = `t-${'0'.repeat(32)}`;
    const answers = [
      await check('POST', '/tasks', { body: {} }),
      await check('POST', '/tasks', { body: { skill: 'x', instruction: 'y' }, as: nobody }),
      await check('POST', '/tasks', { body: { skill: 'x', instruction: 'y' }, as: reader }),
      await check('POST', '/tasks', { body: { skill: 'nobody', instruction: 'y' } }),
      await check('POST', '/tasks', { body: 'text', type: 'text/plain' }),
      await check('GET', '/tasks/{id}', { id: unknown }),
      await check('GET', '/tasks/{id}/stream', { id: unknown }),
      await check('POST', '/tasks/{id}/cancel', { id: done }),
      await check('GET', '/tasks', { query: '?limit=0' }),
      await check('POST', '/routing/explain', { body: {} }),
      await check('POST', '/agents', { body: {} }),
      await check('POST', '/agents', { body: { card_url: 'http://127.0.0.1:1' } }),
      await check('DELETE', '/agents/{id}', { id: 'nanobot-text-001' }),
      await check('GET', '/agents/{id}', { id: 'nobody' }),
      await check('POST', '/api-keys', { body: {} }),
      await check('GET', '/api-keys', { as: reader }),
      await check('GET', '/audit', { query: '?from=yesterday' }),
      await check('GET', '/audit/export', { as: reader }),
      await check('DELETE', '/api-keys/{id}', { id: 'nobody' }),
      await check('GET', '/deliveries', { query: '?status=lost' }),
      await check('GET', '/deliveries/{delivery}'),
      await check('POST', '/deliveries/{delivery}/redeliver'),
      await check('POST', '/jsonrpc', { body: '{', type: 'application/json' }),
      await check('POST', '/jsonrpc', { body: { jsonrpc: '2.0', method: 'nope', id: 1 } }),
      await check('POST', '/oauth/token', {
        body: 'grant_type=x',
        type: 'application/x-www-form-urlencoded',
      }),
      await check('GET', '/metrics', { as: nobody }),
      await check('POST', '/a2a/message:send', { body: {} }),
      await check('POST', '/a2a/v1/message:send', { body: {} }),
      await check('GET', '/a2a/tasks/{id}', { id: unknown }),
      await check('GET', '/a2a/v1/tasks/{id}', { id: unknown, as: nobody }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([
      400, 401, 403, 503, 415, 404, 404, 409, 400, 400, 400, 502, 409, 404, 400, 403, 400, 403, 404, 400, 404,
      404, 200, 200, 400, 401, 400, 400, 404, 401,
    ]);
  });

  test('with the documentation off neither document nor page is there', async () => {
    const off = await GatewayProcess.start({ env: { GATEWAY_DOCS_ENABLED: 'false' } });
    const visitor = new Orchestrator(off.httpUrl);
    for (const path of ['/openapi.json', '/docs', '/docs/page.js'])
      expect(await visitor.get(path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const own = JSON.parse((await new Orchestrator(gateway.httpUrl).get('/openapi.json')).text) as {
      servers: object;
    };
    expect(own.servers).toEqual([{ url: gateway.httpUrl }]);
  });
});
