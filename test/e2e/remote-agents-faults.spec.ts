import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { generateAgentCardSignature } from '@a2a-js/sdk';
import { exportJWK, generateKeyPair } from 'jose';
import { A2aAgent, type A2aAgentOptions } from '../fakes/a2a-agent.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { type Answer, type Fields, Orchestrator } from '../support/orchestrator.js';
import { credentials, pem, TestPki } from '../support/pki.js';
import { closeAllBots, TestBot } from '../support/test-bot.js';

/** Remote agents that hang, lie, go and come back; and what they are shown to let the gateway in. */

const QUICK = {
  GATEWAY_REMOTES_POLL_INTERVAL: '200ms',
  GATEWAY_REMOTES_RETRY_MIN: '20ms',
  GATEWAY_REMOTES_RETRY_MAX: '100ms',
  GATEWAY_REMOTES_TIMEOUT: '1s',
  GATEWAY_REMOTES_MAX_ANSWER: '64kb',
  GATEWAY_TASKS_RECONNECT_GRACE: '20s',
};
const SECRET = 'not-to-be-seen';

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
  await caller.cancelAll();
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

/** A plain HTTP server on a free port; resolves to its URL. */
async function aServer(handle: RequestListener): Promise<string> {
  const server: Server = createHttpServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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

const remote = async (): Promise<Fields> => (await caller.get('/agents/remote')).body;

describe('credentials', () => {
  const seen = async (auth: Fields, options: A2aAgentOptions = {}) => {
    const urls: string[] = [];
    const guard: NonNullable<A2aAgentOptions['guard']> = async (req, res) => {
      urls.push(req.url);
      return (await options.guard?.(req, res)) ?? false;
    };
    const agent = await registered({ ...options, guard }, { auth });
    await done('hello');
    return { headers: agent.headers.at(-1)!, urls, agent };
  };

  test('bearer', async () => {
    const { headers } = await seen({ type: 'bearer', token: SECRET });
    expect(headers.authorization).toBe(`Bearer ${SECRET}`);
  });

  test('API key in a header, and in the query; for the card too', async () => {
    const { headers } = await seen({ type: 'api_key', name: 'X-API-Key', key: SECRET });
    expect(headers['x-api-key']).toBe(SECRET);
    const { urls } = await seen({ type: 'api_key', in: 'query', name: 'key', key: SECRET });
    expect(urls.length).toBeGreaterThan(1);
    for (const url of urls) expect(url).toContain(`key=${SECRET}`);
  });

  test('OAuth 2.0 client credentials: one token for many calls, a new one when it counts no more', async () => {
    const asked: string[] = [];
    const tokens = await aServer((req, res) => {
      let form = '';
      req.setEncoding('utf8').on('data', (text: string) => (form += text));
      req.on('end', () => {
        asked.push(`${req.headers.authorization} ${form}`);
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 3600 }));
      });
    });
    let valid = 'Bearer token-1';
    const agent = await registered(
      {
        guard: (req, res) => {
          if (req.headers.authorization === valid) return false;
          res.status(401).end();
          return true;
        },
      },
      {
        auth: {
          type: 'oauth2',
          token_url: `${tokens}/token`,
          client_id: 'gateway',
          client_secret: SECRET,
          scope: 'a b',
        },
      },
    );
    await Promise.all([done('one'), done('two')]);
    const basic = Buffer.from(`gateway:${SECRET}`).toString('base64');
    expect(asked).toEqual([`Basic ${basic} grant_type=client_credentials&scope=a+b`]);
    valid = 'Bearer token-2';
    await done('three');
    expect(asked).toHaveLength(2);
    expect(agent.asked).toHaveLength(3);
  });

  test.each(['JSONRPC', 'HTTP+JSON', 'GRPC'] as const)('a client certificate, over %s', async (binding) => {
    const pki = await TestPki.create();
    const tls = { ...(await credentials(await pki.server())), ca: pem(pki.root) };
    const agent = await anAgent({ binding, tls: { ...tls, requestCert: true, rejectUnauthorized: true } });
    const refused = await register({ card_url: agent.url });
    expect([refused.status, refused.body['code']]).toEqual([502, 'UPSTREAM']);
    const own = await credentials(await pki.bot());
    const auth = { type: 'mtls', ...own, ca: pem(pki.root) };
    expect((await register({ card_url: agent.url, auth })).body).toMatchObject({ auth: 'mtls' });
    await done('hello');
    pki.dispose();
  });

  test('are in no answer, no log and no file as they are', async () => {
    await registered({}, { auth: { type: 'bearer', token: SECRET } });
    await done('hello');
    const answers = [
      await caller.get('/agents/remote'),
      await caller.get('/agents'),
      await caller.post('/agents/remote/refresh'),
      await register({ card_url: 'http://127.0.0.1:1', auth: { type: 'bearer', token: `${SECRET}\u0001` } }),
    ];
    for (const { text } of answers) expect(text).not.toContain(SECRET);
    expect(gateway.output).not.toContain(SECRET);
    await gateway.terminate();
    const file = readFileSync(join(gateway.dataDir, 'gateway.db'));
    expect(file.includes('remote')).toBe(true);
    expect(file.includes(SECRET)).toBe(false);
    await gateway.restart();
  });

  test('need a key in production; an open agent does not', async () => {
    const agent = await anAgent();
    const strict = await GatewayProcess.start({
      env: {
        GATEWAY_PROFILE: 'production',
        GATEWAY_AUTH_MODE: 'off',
        GATEWAY_AUTH_ALLOW_INSECURE: 'true',
        GATEWAY_WEBHOOKS_ALLOWED_NETWORKS: '127.0.0.1',
      },
    });
    const http = new Orchestrator(strict.httpUrl);
    const auth = { type: 'bearer', token: SECRET };
    const answer = await http.post('/agents', { card_url: agent.url, auth });
    expect([answer.status, answer.body['detail']]).toEqual([
      409,
      expect.stringContaining('GATEWAY_SECRETS_KEY'),
    ]);
    expect((await http.post('/agents', { card_url: agent.url })).status).toBe(200);
    await strict.restart({ GATEWAY_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') });
    expect((await http.post('/agents', { card_url: agent.url, auth })).status).toBe(200);
    await strict.restart({ GATEWAY_WEBHOOKS_ALLOWED_NETWORKS: 'none' });
    const forbidden = await http.post('/agents', { card_url: agent.url });
    expect([forbidden.status, forbidden.body['code']]).toEqual([400, 'INVALID']);
    const name = await http.post('/agents', { card_url: 'http://localhost:1' });
    expect([name.status, name.body['code']]).toEqual([400, 'INVALID']);
    await strict.stop();
  });
});

describe('an agent that does not do as it should', () => {
  /** An agent whose card is good and whose endpoint answers like this. */
  async function badly(
    handle: (...given: Parameters<RequestListener>) => unknown,
    more: Fields = {},
  ): Promise<void> {
    const url = await aServer((req, res) => {
      if (req.method !== 'GET') return void handle(req, res);
      res.setHeader('content-type', 'application/json');
      res.end(
        JSON.stringify({
          name: 'remote',
          description: 'bad',
          version: '1',
          protocolVersion: '0.3.0',
          url: `http://${req.headers.host}/a2a`,
          capabilities: { streaming: true },
          skills: [{ id: 'echo', name: 'echo', description: '', tags: [] }],
        }),
      );
    });
    expect((await register({ card_url: url, ...more })).status).toBe(200);
  }
  const STREAM = { 'content-type': 'text/event-stream' };

  test('hangs: the task fails by its own deadline, others go on', async () => {
    await badly(() => undefined, { streaming: false });
    const bot = await TestBot.connect({ url: gateway.botUrl, name: 'bot', skills: ['other'] });
    const id = await submit('hello', { timeout_s: 1.5 });
    await done('meanwhile', { skill: 'other' });
    expect(await inState(id, 'failed')).toMatchObject({ error_code: 'TIMEOUT' });
    await bot.close();
  });

  test('hangs before its stream begins: the task fails at once, for nobody knows what it has done', async () => {
    await badly(() => undefined);
    expect(await inState(await submit('hello'), 'failed')).toMatchObject({
      error_code: 'AGENT_FAILED',
      error: expect.stringContaining('no answer for 1000 ms') as string,
    });
  });

  test.each<[string, RequestListener]>([
    ['no JSON', (_, res) => void res.end('<html>')],
    ['no JSON-RPC', (_, res) => void res.end('{"hello":true}')],
    [
      'a result that is nothing',
      (_, res) => void res.end('{"jsonrpc":"2.0","id":1,"result":{"kind":"task"}}'),
    ],
    ['an error page', (_, res) => void res.writeHead(404).end('no such page')],
    ['garbage in a stream', (_, res) => void res.writeHead(200, STREAM).end('data: {{{\n\n')],
    ['a stream without anything', (_, res) => void res.writeHead(200, STREAM).end()],
    ['a connection that breaks', (req) => void req.socket.destroy()],
    ['an answer that is too large', (_, res) => void res.end('x'.repeat(100_000))],
  ])('answers with %s: the task fails with a word about it', async (_, handle) => {
    await badly(handle);
    const task = await inState(await submit('hello'), 'failed');
    expect(task['error']).toMatch(/^remote agent: ./);
    expect(gateway.isRunning).toBe(true);
  });

  test('forgets to end its stream: the task is asked after', async () => {
    const status = { state: 'working' };
    const task = { kind: 'task', id: 'r-1', contextId: 'c-1', status };
    await badly(async (req, res) => {
      let text = '';
      for await (const chunk of req) text += String(chunk);
      const { id, method } = JSON.parse(text) as { id: number; method: string };
      if (method === 'message/stream') {
        res.writeHead(200, STREAM).write(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: task })}\n\n`);
        return;
      }
      const artifacts = [{ artifactId: 'a', parts: [{ kind: 'text', text: 'all there' }] }];
      const result = { ...task, status: { state: 'completed' }, artifacts };
      res.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
    const done = await inState(await submit('hello'), 'completed');
    expect(done['artifact']).toMatchObject({ parts: [{ text: 'all there' }] });
  });

  test('drips: a whole answer has one time limit', async () => {
    const drips = new Set<NodeJS.Timeout>();
    await badly((_, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      drips.add(setInterval(() => res.write(' '), 20));
    });
    expect(await inState(await submit('hello'), 'failed')).toMatchObject({
      error: expect.stringContaining('no answer') as string,
    });
    for (const drip of drips) clearInterval(drip);
  });

  test('turns calls away for now: the message is sent again', async () => {
    let turns = 2;
    const agent = await registered({
      guard: (req, res) => {
        if (req.method !== 'POST' || turns-- <= 0) return false;
        res.status(503).setHeader('retry-after', '0').end();
        return true;
      },
    });
    await done('hello');
    expect(agent.asked).toHaveLength(1);
  });
});

describe('presence', () => {
  test('an agent that is gone is offline, its tasks wait; it is found again', async () => {
    const agent = await registered();
    const id = await submit('hold', { timeout_s: 60 });
    await inState(id, 'running');
    await agent.close();
    await eventually(async () => (await remote())['status'] === 'offline', { timeoutMs: 15_000 });
    expect((await remote())['last_error']).toEqual(expect.any(String));
    const { agents } = (await caller.get('/agents')).body as { agents: Fields[] };
    expect(agents).toMatchObject([{ id: 'remote', status: 'offline', load: 0 }]);
    const waiting = await submit('later', { wait_for_agent: true });
    await agent.listen();
    await inState(waiting, 'completed');
    expect(await remote()).toMatchObject({ status: 'online', last_error: null });
    agent.release();
    expect(await inState(id, 'completed')).toMatchObject({ attempt: 1 });
    expect(agent.asked).toHaveLength(2);
  });

  test('an agent that is away while the gateway starts comes back by itself', async () => {
    const agent = await registered();
    await agent.close();
    await gateway.restart();
    const id = await submit('hello', { wait_for_agent: true });
    await agent.listen();
    await inState(id, 'completed');
  });

  test('a refresh says why an agent does not answer', async () => {
    const agent = await registered();
    await agent.close();
    const answer = await caller.post('/agents/remote/refresh');
    expect([answer.status, answer.body['detail']]).toEqual([502, expect.stringContaining('no connection')]);
    await agent.listen();
    expect((await caller.post('/agents/remote/refresh')).status).toBe(200);
  });

  test('a result that comes after the deadline is kept', async () => {
    let isMute = true;
    const agent = await registered({
      binding: 'HTTP+JSON',
      streaming: false,
      // An agent that cancels nothing, and at first says nothing when it is asked.
      guard: (req, res) => {
        if (isMute && req.method === 'GET' && req.url.includes('/tasks/')) return true;
        if (!req.url.includes(':cancel')) return false;
        const error = { code: 400, status: 'FAILED_PRECONDITION', message: 'no', details: [] };
        res.status(400).json({ error });
        return true;
      },
    });
    const id = await submit('hold', { timeout_s: 0.7 });
    expect(await inState(id, 'failed')).toMatchObject({ error_code: 'TIMEOUT' });
    isMute = false;
    agent.release();
    await eventually(async () => (await caller.task(id))['late_result'] !== undefined, { timeoutMs: 15_000 });
    expect(await caller.task(id)).toMatchObject({ late_result: { status: 'completed' } });
  });
});

describe('cards', () => {
  test('are asked for only if they have changed', async () => {
    const asked: unknown[] = [];
    await registered({
      guard: (req) => {
        if (req.path.includes('well-known')) asked.push(req.headers['if-none-match']);
        return false;
      },
    });
    expect((await caller.post('/agents/remote/refresh')).status).toBe(200);
    expect(asked).toEqual([undefined, expect.stringMatching(/^(W\/)?"/)]);
  });

  describe('that are signed', () => {
    const signed = async (keys: 'own' | 'others', tamper = false) => {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
      const other = await aServer((_, res) => void res.end(JSON.stringify({ keys: [jwk] })));
      const agent = await anAgent({
        guard: (req, res) => {
          if (req.path !== '/keys.json') return false;
          res.json({ keys: [jwk] });
          return true;
        },
      });
      const jku = keys === 'own' ? `${agent.url}/keys.json` : other;
      const sign = generateAgentCardSignature(privateKey, { alg: 'ES256', kid: 'k1', typ: 'JOSE', jku });
      agent.card.signatures = (await sign(agent.card)).signatures;
      if (tamper) agent.card.description = 'somebody else';
      return { agent, other };
    };

    test('by a key set beside the card are verified', async () => {
      const { agent } = await signed('own');
      expect((await register({ card_url: agent.url })).body).toMatchObject({ card_signature: 'verified' });
    });

    test('and changed on the way are refused', async () => {
      const { agent } = await signed('own', true);
      const answer = await register({ card_url: agent.url });
      expect([answer.status, answer.body['detail']]).toEqual([502, expect.stringContaining('signature')]);
    });

    test('by a key set elsewhere prove nothing', async () => {
      const { agent } = await signed('others');
      expect((await register({ card_url: agent.url })).body).toMatchObject({ card_signature: 'unverified' });
    });

    test('count only with the operator’s keys, where he has named some', async () => {
      const { agent, other } = await signed('others');
      const strict = await GatewayProcess.start({ env: { GATEWAY_REMOTES_CARD_KEYS: other } });
      const http = new Orchestrator(strict.httpUrl);
      expect((await http.post('/agents', { card_url: agent.url })).body).toMatchObject({
        card_signature: 'verified',
      });
      const unsigned = await anAgent();
      expect((await http.post('/agents', { card_url: unsigned.url })).status).toBe(502);
      await strict.stop();
    });
  });
});
