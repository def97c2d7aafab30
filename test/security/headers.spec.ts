import { connect } from 'node:net';
import { AUTH_ON } from '../support/env.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aUuid } from '../support/matchers.js';
import { Orchestrator } from '../support/orchestrator.js';
import { rawHttp } from '../support/raw-http.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** What every answer carries, and what no answer says. */

const REQUIRED: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-xss-protection': '1; mode=block',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
};

afterEach(() => closeAllBots());

describe('development', () => {
  let gateway: GatewayProcess;
  let http: Orchestrator;
  let port: number;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({ env: { GATEWAY_HTTP_REQUEST_TIMEOUT: '500ms' } });
    http = new Orchestrator(gateway.httpUrl);
    port = Number(new URL(http.url).port);
  });

  test('security headers are on answers of every kind', async () => {
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'x',
      skills: ['work'],
      behaviour: silent,
    });
    const { task_id: id } = await http.submit({ skill: 'work' });
    const stream = await http.stream(id);
    const kinds: Record<string, Headers> = {
      '200': (await http.get('/agents')).headers,
      '204': (await http.post('/jsonrpc', { jsonrpc: '2.0', method: 'agents/list' })).headers,
      '204 preflight': (
        await http.request('OPTIONS', '/tasks', undefined, {
          origin: 'http://x',
          'access-control-request-method': 'POST',
        })
      ).headers,
      '400': (await http.post('/tasks', 'x')).headers,
      '404': (await http.get('/nothing')).headers,
      '413': (await http.post('/tasks', 'x'.repeat(11 * 1024 * 1024))).headers,
      '415': (await http.post('/tasks', 'x', { 'content-type': 'text/plain' })).headers,
      '503': (await http.post('/tasks', { skill: 'none', instruction: 'x' })).headers,
      markdown: (await http.get('/.well-known/skill.md')).headers,
      stream: stream.response.headers,
    };
    await bot.complete(id);
    for (const [kind, headers] of Object.entries(kinds)) {
      expect([kind, pick(headers)]).toEqual([kind, REQUIRED]);
      expect([kind, headers.get('x-powered-by'), headers.get('server')]).toEqual([kind, null, null]);
      expect(headers.get('x-request-id')).toEqual(aUuid);
    }
  });

  test('also where no request could be read: 400, 408, 431', async () => {
    const requests: Record<string, string> = {
      '400': 'nonsense\r\n\r\n',
      '408':
        'POST /tasks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
      '431': `GET / HTTP/1.1\r\nhost: x\r\nx-pad: ${'x'.repeat(20_000)}\r\n\r\n`,
    };
    const answers = Object.entries(requests).map(async ([status, bytes]) => {
      const answer = await rawHttp(port, bytes, (text) => text.includes('request_id'));
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      for (const [name, value] of Object.entries(REQUIRED))
        expect(head.toLowerCase()).toContain(`${name}: ${value.toLowerCase()}`);
      expect(JSON.parse(body)).toMatchObject({ request_id: aUuid });
    });
    await Promise.all(answers);
  });

  test('any origin may read', async () => {
    const { headers } = await http.get('/health', { origin: 'http://x' });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const preflight = await http.request('OPTIONS', '/tasks', undefined, {
      origin: 'http://x',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,authorization,x-request-id',
    });
    expect([200, 204]).toContain(preflight.status);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    for (const name of ['content-type', 'authorization', 'x-request-id'])
      expect(preflight.headers.get('access-control-allow-headers')).toContain(name);
  });

  test('a request that never ends holds no answer of others up on its connection’s neighbours', async () => {
    const half = connect(port, '127.0.0.1');
    half.write(
      'POST /tasks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    expect((await http.get('/health')).status).toBe(200);
    half.destroy();
  });
});

describe('production', () => {
  let gateway: GatewayProcess;
  let http: Orchestrator;
  const start = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    gateway = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_PROFILE: 'production', ...env } });
    http = new Orchestrator(gateway.httpUrl, tokenFor('production'));
  };
  afterEach(() => gateway.stop());

  test('no origin may read, unless it is on the list; 401 and 403 have the headers too', async () => {
    await start({ GATEWAY_HTTP_CORS_ORIGINS: 'https://myapp.com,https://admin.myapp.com' });
    const allowed = async (origin: string): Promise<string | null> => {
      const { headers } = await http.get('/agents', { origin });
      expect(headers.get('vary')).toContain('Origin');
      return headers.get('access-control-allow-origin');
    };
    expect(await allowed('https://myapp.com')).toBe('https://myapp.com');
    expect(await allowed('https://admin.myapp.com')).toBe('https://admin.myapp.com');
    for (const evil of [
      'https://evil.com',
      'https://myapp.com.evil.com',
      'http://myapp.com',
      'null',
      'https://evilmyapp.com',
    ])
      expect([evil, await allowed(evil)]).toEqual([evil, null]);
    const nobody = await new Orchestrator(http.url).get('/agents', { origin: 'https://myapp.com' });
    expect([nobody.status, pick(nobody.headers)]).toEqual([401, REQUIRED]);
    // A browser shows its page why it was refused only if the answer is readable.
    expect(nobody.headers.get('access-control-allow-origin')).toBe('https://myapp.com');
    const reader = await new Orchestrator(http.url, tokenFor('production', { scope: 'read' })).post(
      '/tasks',
      {},
    );
    expect([reader.status, pick(reader.headers)]).toEqual([403, REQUIRED]);
  });

  test('errors say nothing about the inside', async () => {
    await start();
    const { headers } = await http.get('/agents', { origin: 'https://myapp.com' });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    const answers = [
      await http.get('/nothing'),
      await http.get('/tasks/%'),
      await http.get('/tasks/%E0%A4%A'),
      await http.get('/tasks?limit=x'),
      await http.post('/tasks', '{'),
      await http.post('/tasks', { skill: '\u0000', instruction: 'x' }),
      await http.post('/jsonrpc', '{'),
      await http.rpc('tasks/get', { id: '\u0000' }),
      await http.get(`/tasks?cursor=t-${'0'.repeat(32)}'--`),
      await new Orchestrator(http.url, 'x').get('/agents'),
    ];
    for (const { status, text } of answers) {
      expect(status).toBeLessThan(500);
      expect(text).not.toMatch(
        /node_modules|\/dist\/|\.js:|\.ts:|at \w+ \(|SQLITE|select |Error:|[A-Z]:\\|\/work\//,
      );
    }
  });
});

const pick = (headers: Headers): Record<string, string | null> =>
  Object.fromEntries(Object.keys(REQUIRED).map((name) => [name, headers.get(name)]));
