import { Controller, Get, Post } from '@nestjs/common';
import { once } from 'node:events';
import { connect } from 'node:net';
import { startHttpApp, type AppOptions, type TestApp } from '../../../test/support/http-app.js';
import { rawHttp, received } from '../../../test/support/raw-http.js';
import { GatewayError } from '../../core/errors.js';
import { FormBody, JsonBody } from './json-body.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SOME_ID = '6ff2a8a0-1111-4222-8333-444455556666';
const LIMIT = 1_024;

let hanging: (() => void) | undefined;
let handled = 0;

@Controller()
class Probe {
  @Post('echo')
  echo(@JsonBody() body: unknown): unknown {
    handled++;
    return { body };
  }

  @Post('form')
  form(@FormBody() body: unknown): unknown {
    return { body };
  }

  @Get('boom')
  boom(): never {
    throw new TypeError('secret /etc/passwd');
  }

  @Get('internal')
  internal(): never {
    throw new GatewayError('INTERNAL', 'the planner lost its table');
  }

  @Get('busy')
  busy(): never {
    throw new GatewayError('OVERLOADED', 'queue: full', { retryAfterS: 1.2 });
  }

  @Get('text')
  text(): string {
    return 'plain';
  }

  @Get('nothing')
  nothing(): undefined {
    return undefined;
  }

  @Get('hang')
  hang(): Promise<object> {
    return new Promise((resolve) => (hanging = () => resolve({ late: true })));
  }
}

let app: TestApp;
const start = async (options: Partial<AppOptions> = {}): Promise<void> => {
  app = await startHttpApp({ controllers: [Probe], http: { bodyLimit: LIMIT }, ...options });
};
beforeEach(() => {
  handled = 0;
  hanging = undefined;
});
afterEach(() => app.close());

const post = (
  path: string,
  body: string | Buffer,
  type: string | null = 'application/json',
  more = {},
): Promise<Response> =>
  fetch(`${app.url}${path}`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers: { ...(type === null ? {} : { 'content-type': type }), ...more },
  });

const expectRefusal = async (res: Response, status: number, code: string): Promise<void> => {
  const body = (await res.json()) as Record<string, string>;
  expect({ status: res.status, code: body['code'] }).toEqual({ status, code });
  expect(Object.keys(body)).toEqual(['error', 'detail', 'code', 'request_id']);
  expect(body['request_id']).toBe(res.headers.get('x-request-id'));
  expectSafe(res);
};

const expectSafe = (res: Response): void => {
  expect(res.headers.get('x-content-type-options')).toBe('nosniff');
  expect(res.headers.get('x-frame-options')).toBe('DENY');
  expect(res.headers.get('x-xss-protection')).toBe('1; mode=block');
  expect(res.headers.get('x-request-id')).toMatch(UUID);
  expect(res.headers.get('x-powered-by')).toBeNull();
  expect(res.headers.get('etag')).toBeNull();
};

describe('JSON bodies', () => {
  beforeEach(() => start());

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/a2a+json',
  ])('reads %s', async (type) => {
    const res = await post('/echo', '{"text":"请摘要 😀"}', type);
    expect(await res.json()).toEqual({ body: { text: '请摘要 😀' } });
    expectSafe(res);
  });

  test.each([
    'text/plain',
    'application/json; charset=latin1',
    'application/jsonx',
    'application/x-www-form-urlencoded',
    null,
  ])('A032: %s is no JSON: 415', async (type) =>
    expectRefusal(await post('/echo', '{}', type), 415, 'UNSUPPORTED_MEDIA_TYPE'),
  );

  test('a compressed body is refused, not misread', async () => {
    await expectRefusal(
      await post('/echo', '{}', 'application/json', { 'content-encoding': 'gzip' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });

  test.each([
    ['cut off', '{"a":1'],
    ['empty', ''],
    ['not UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
    ['with a byte order mark', '\ufeff{}'],
  ])('%s: 400', async (_, body) => expectRefusal(await post('/echo', body), 400, 'INVALID'));

  test('nesting of 64 levels passes, 65 do not', async () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect((await post('/echo', nested(64))).status).toBe(201);
    await expectRefusal(await post('/echo', nested(65)), 400, 'INVALID');
    await expectRefusal(await post('/echo', nested(500)), 400, 'INVALID');
  });

  test('__proto__ is a field like any other', async () => {
    const res = await post('/echo', '{"__proto__":{"polluted":true}}');
    expect(await res.text()).toBe('{"body":{"__proto__":{"polluted":true}}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('A026: exactly the limit passes, one byte more is 413', async () => {
    const body = (size: number): string => `"${'x'.repeat(size - 2)}"`;
    expect((await post('/echo', body(LIMIT))).status).toBe(201);
    await expectRefusal(await post('/echo', body(LIMIT + 1)), 413, 'PAYLOAD_TOO_LARGE');
    expect(handled).toBe(1);
  });

  test('a body that comes in pieces is put together', async () => {
    const socket = connect(app.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"a"',
    );
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(':"\u00e9"}');
    expect(await received(socket, (text) => text.includes('"body"'))).toContain('{"body":{"a":"é"}}');
    socket.destroy();
  });

  test('a chunked body over the limit gets 413 and the connection is closed', async () => {
    const chunk = `400\r\n${'x'.repeat(0x400)}\r\n`;
    const head =
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const answer = await rawHttp(app.port, `${head}${chunk.repeat(4)}0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('connection: close');
    expect(answer).toContain('"code":"PAYLOAD_TOO_LARGE"');
  });

  test('a sender in the middle of a huge body gets the 413 before it has finished, and is not reset', async () => {
    const total = 4 * 1024 * 1024;
    const socket = connect(app.port, '127.0.0.1');
    await once(socket, 'connect');
    const answer = received(socket, () => false);
    socket.write(
      `POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${total}\r\n\r\n`,
    );
    await once(socket, 'data');
    let failed: Error | undefined;
    socket.on('error', (error) => (failed = error));
    socket.write(Buffer.alloc(total, 0x20));
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(failed).toBeUndefined();
  });

  test('a form is read where a form is wanted', async () => {
    const res = await post(
      '/form',
      'grant_type=client_credentials&scope=a+b%20c',
      'application/x-www-form-urlencoded',
    );
    expect(await res.json()).toEqual({ body: { grant_type: 'client_credentials', scope: 'a b c' } });
    expect(await (await post('/form', '{"a":"b"}')).json()).toEqual({ body: { a: 'b' } });
    await expectRefusal(await post('/form', 'a=b', 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE');
  });
});

describe('request id', () => {
  beforeEach(() => start());

  test('A028: a UUID is echoed, anything else gets a fresh one', async () => {
    const idFor = async (given: string | undefined): Promise<string | null> => {
      const res = await fetch(
        `${app.url}/text`,
        given === undefined ? {} : { headers: { 'x-request-id': given } },
      );
      return res.headers.get('x-request-id');
    };
    expect(await idFor(SOME_ID)).toBe(SOME_ID);
    const fresh = [await idFor('abc'), await idFor(undefined), await idFor(`${SOME_ID} `.repeat(2))];
    expect(new Set(fresh).size).toBe(3);
    for (const id of fresh) expect(id).toMatch(UUID);
  });
});

describe('errors', () => {
  test('no route and a malformed path: 404 and 400 in the common body', async () => {
    await start();
    await expectRefusal(await fetch(`${app.url}/nowhere`), 404, 'NOT_FOUND');
    await expectRefusal(await fetch(`${app.url}/echo`), 404, 'NOT_FOUND');
  });

  test('a defect says nothing about itself', async () => {
    await start();
    const res = await fetch(`${app.url}/boom`);
    expect(await res.clone().text()).not.toContain('passwd');
    await expectRefusal(res, 500, 'INTERNAL');
  });

  test.each([
    ['development', true],
    ['production', false],
  ] as const)('an INTERNAL error of our own words in %s: shown %s', async (profile, shown) => {
    await start({ profile });
    const res = await fetch(`${app.url}/internal`);
    expect((await res.text()).includes('planner')).toBe(shown);
  });

  test('Retry-After in whole seconds', async () => {
    await start();
    const res = await fetch(`${app.url}/busy`);
    expect(res.headers.get('retry-after')).toBe('2');
    await expectRefusal(res, 503, 'OVERLOADED');
  });

  test('what is no HTTP gets the same body', async () => {
    await start();
    const answer = await rawHttp(app.port, 'GARBAGE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('x-content-type-options: nosniff');
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ code: 'INVALID' });
  });

  test('headers without end: 431', async () => {
    await start();
    const answer = await rawHttp(app.port, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('answers', () => {
  beforeEach(() => start());

  test('text, nothing, HEAD', async () => {
    const text = await fetch(`${app.url}/text`);
    expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await text.text()).toBe('plain');
    const nothing = await fetch(`${app.url}/nothing`);
    expect([nothing.status, nothing.headers.get('content-length')]).toEqual([200, '0']);
    const head = await fetch(`${app.url}/text`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '5', '']);
  });

  test('requests and responses keep the prototypes they were born with', async () => {
    const { request } = app.app.getHttpAdapter().getInstance() as { request: object };
    const swap = jest.spyOn(Object, 'setPrototypeOf');
    await fetch(`${app.url}/text`);
    const targets = swap.mock.calls.filter(([, prototype]) => prototype === request);
    swap.mockRestore();
    expect(targets).toHaveLength(1);
    expect(Object.getPrototypeOf(targets[0]?.[0])).toBe(request);
  });
});

describe('CORS', () => {
  const origins = ['https://myapp.com', 'https://admin.myapp.com'];
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,authorization,x-request-id',
  };

  test('A022: development lets every origin read', async () => {
    await start();
    const res = await fetch(`${app.url}/text`, { headers: { origin: 'http://x' } });
    expect(res.headers.get('access-control-allow-origin')).toBe('*');
    expect(res.headers.get('access-control-expose-headers')).toContain('x-request-id');
  });

  test('A023: an allow-list echoes its members and no others', async () => {
    await start({ http: { corsOrigins: origins } });
    const allowed = async (origin: string): Promise<string | null> =>
      (await fetch(`${app.url}/text`, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await allowed('https://myapp.com')).toBe('https://myapp.com');
    expect(await allowed('https://admin.myapp.com')).toBe('https://admin.myapp.com');
    expect(await allowed('https://evil.com')).toBeNull();
    expect((await fetch(`${app.url}/text`)).headers.get('vary')).toContain('Origin');
  });

  test('production without origins lets none read', async () => {
    await start({ profile: 'production' });
    const res = await fetch(`${app.url}/text`, { headers: { origin: 'https://myapp.com' } });
    expect(res.headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each([{}, { origin: 'https://myapp.com' }])('A024: preflight with %j', async (more) => {
    await start();
    const res = await fetch(`${app.url}/echo`, { method: 'OPTIONS', headers: { ...preflight, ...more } });
    expect(res.status).toBe(204);
    expect(res.headers.get('access-control-allow-methods')).toContain('POST');
    for (const name of ['content-type', 'authorization', 'x-request-id'])
      expect(res.headers.get('access-control-allow-headers')).toContain(name);
    expectSafe(res);
  });
});

describe('request timeout', () => {
  beforeEach(() => start({ http: { requestTimeout: 100 } }));

  test('A027: 408 when there are no headers in time; what comes later is dropped', async () => {
    const began = performance.now();
    const res = await fetch(`${app.url}/hang`);
    expect(performance.now() - began).toBeGreaterThanOrEqual(95);
    await expectRefusal(res, 408, 'TIMEOUT');
    hanging?.();
    expect((await fetch(`${app.url}/text`)).status).toBe(200);
  });

  test('a body that comes after the 408 has no effect', async () => {
    const socket = connect(app.port, '127.0.0.1');
    await once(socket, 'connect');
    const text = received(socket, (got) => got.includes('request_id'));
    socket.write(
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{',
    );
    expect(await text).toMatch(/^HTTP\/1\.1 408 /);
    socket.write('}');
    await rawHttp(app.port, 'GET /text HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(handled).toBe(0);
    socket.destroy();
  });
});

test('shutdown: a request under way is answered, idle connections do not hold it up', async () => {
  await start();
  await (await fetch(`${app.url}/text`)).text();
  const answer = fetch(`${app.url}/hang`);
  while (!hanging) await new Promise((resolve) => setImmediate(resolve));
  const closing = app.close();
  hanging();
  expect(await (await answer).json()).toEqual({ late: true });
  await closing;
});
