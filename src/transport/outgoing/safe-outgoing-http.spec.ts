import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { OutgoingError, type OutgoingRequest } from '../../core/outgoing-http.js';
import type { Resolver } from './checked-addresses.js';
import { SafeOutgoingHttp } from './safe-outgoing-http.js';

const LOOPBACK = ['127.0.0.0/8', '::1'];
const V4 = (address: string) => ({ address, family: 4 });

let server: Server;
let port: number;
let handle: RequestListener;
/** Requests that have come in. */
let served: string[];
let clock: FakeClock;
const doors: SafeOutgoingHttp[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  served = [];
  handle = (_, res) => res.end('ok');
  server = createServer((req, res) => {
    served.push(`${req.method} ${req.url}`);
    handle(req, res);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.destroy()));
  server.closeAllConnections();
  server.close();
});

function door(allowed = LOOPBACK, resolve?: Resolver): SafeOutgoingHttp {
  const made = new SafeOutgoingHttp(clock, allowed, resolve);
  doors.push(made);
  return made;
}

const get = (url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  url,
  timeoutMs: 1000,
  maxBytes: 1000,
  purpose: 'agent',
  ...more,
});
const here = (path = '/'): string => `http://127.0.0.1:${port}${path}`;

async function failure(work: Promise<unknown>): Promise<OutgoingError> {
  const error: unknown = await work.then(
    (value) => value,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OutgoingError);
  return error as OutgoingError;
}

/** Every way to write a loopback address in a URL, as far as the URL parser takes it. */
const LOOPBACK_URLS = [
  'http://127.0.0.1',
  'http://127.0.0.1.',
  'http://127.1',
  'http://127.0.1',
  'http://2130706433',
  'http://0x7f000001',
  'http://0x7f.0x0.0x0.0x1',
  'http://0177.0.0.1',
  'http://017700000001',
  'http://0x7f.1',
  'http://%31%32%37.0.0.1',
  'http://１２７.0.0.1',
  'http://127。0。0。1',
  'http://[::1]',
  'http://[0:0:0:0:0:0:0:1]',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:7f00:1]',
  'http://[::127.0.0.1]',
  'http://[64:ff9b::127.0.0.1]',
  'http://[64:ff9b::7f00:1]',
  'http://[2002:7f00:1::]',
];
const NEVER_URLS = [
  'http://169.254.169.254',
  'http://0xa9fea9fe',
  'http://2852039166',
  'http://0251.0376.0251.0376',
  'http://169.16689662',
  'http://[::ffff:169.254.169.254]',
  'http://[64:ff9b::a9fe:a9fe]',
  'http://[fe80::1]',
  'http://[fd00:ec2::254]',
  'http://0.0.0.0',
  'http://0',
  'http://[::]',
];

describe('check', () => {
  it.each([...LOOPBACK_URLS, ...NEVER_URLS])('refuses %s', (url) => {
    expect(() => door([]).check(url, 'card_url')).toThrow(/^card_url: got /);
  });

  it.each(LOOPBACK_URLS)('takes %s where loopback is allowed', (url) => {
    door().check(url);
  });

  it.each(NEVER_URLS)('refuses %s also where everything private is allowed', (url) => {
    const all = ['127.0.0.0/8', '169.254.0.0/16', 'fe80::/10', 'fc00::/7', '0.0.0.0/8'];
    expect(() => door(all).check(url)).toThrow(/^url: got /);
  });

  it.each([
    'ftp://example.com',
    'file:///etc/passwd',
    'example.com',
    '',
    'javascript:1',
    'http://[fe80::1%25eth0]',
    'http://127.0.0.1%2f.example.com',
  ])('takes no %s', (url) => expect(() => door().check(url)).toThrow('a URL http://… or https://…'));

  it('takes no credentials, and does not repeat them', () => {
    expect(() => door().check('https://user:pa55@example.com')).toThrow(/^url: got "credentials in the URL"/);
  });

  it('asks no resolver', () => {
    const resolve = jest.fn<ReturnType<Resolver>, [string]>();
    door([], resolve).check('https://unknown.example');
    expect(resolve).not.toHaveBeenCalled();
  });
});

describe('addresses', () => {
  it.each([...LOOPBACK_URLS, ...NEVER_URLS])('never connects to %s', async (url) => {
    const error = await failure(door([]).request(get(`${url}:${port}`)));
    expect(error.kind).toBe('refused');
    expect(served).toEqual([]);
  });

  it('refuses a name that leads to a forbidden address', async () => {
    const error = await failure(
      door([], async () => [V4('127.0.0.1')]).request(get(`http://innocent.example:${port}`)),
    );
    expect(error.kind).toBe('refused');
    expect(error.message).not.toContain('127.0.0.1');
    expect(served).toEqual([]);
  });

  it('of several addresses tries the allowed ones only', async () => {
    const resolve: Resolver = async () => [V4('169.254.169.254'), V4('127.0.0.1'), V4('10.0.0.1')];
    const { body } = await door(LOOPBACK, resolve).request(get(`http://several.example:${port}`));
    expect(body).toBe('ok');
  });

  it('connects to the address that was judged, though the name changes meanwhile', async () => {
    const answers = [[V4('127.0.0.1')], [V4('169.254.169.254')]];
    const resolve = jest.fn<ReturnType<Resolver>, [string]>(async () => answers.shift() ?? []);
    const rebinding = door(LOOPBACK, resolve);
    expect((await rebinding.request(get(`http://rebinding.example:${port}`))).body).toBe('ok');
    expect(resolve).toHaveBeenCalledTimes(1);
    server.closeAllConnections();
    expect((await failure(rebinding.request(get(`http://rebinding.example:${port + 1}`)))).kind).toBe(
      'refused',
    );
  });

  it('a name that nobody knows is a failed connection', async () => {
    const resolve: Resolver = () => Promise.reject(new Error('ENOTFOUND'));
    expect((await failure(door([], resolve).request(get('http://nobody.example')))).kind).toBe('connect');
  });

  it('does not follow a redirect to a forbidden address', async () => {
    handle = (_, res) => res.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
    const { status, headers } = await door().request(get(here()));
    expect([status, headers['location']]).toEqual([302, 'http://169.254.169.254/latest']);
    const viaFetch = await door().fetcher({ purpose: 'agent', timeoutMs: 1000, idleMs: 1000, maxBytes: 100 })(
      here(),
    );
    expect(viaFetch.status).toBe(302);
  });

  it('reaches the identity provider that the operator has named, in his own network; metadata never', async () => {
    expect((await door([]).request(get(here(), { purpose: 'jwks' }))).body).toBe('ok');
    const error = await failure(door([]).request(get('http://169.254.169.254', { purpose: 'jwks' })));
    expect(error.kind).toBe('refused');
    // What the operator may reach opens no connection for others.
    expect((await failure(door([]).request(get(here())))).kind).toBe('refused');
  });

  it('resolves for gRPC', async () => {
    const resolving = door(LOOPBACK, async () => [V4('10.0.0.1'), V4('127.0.0.1')]);
    expect(await resolving.address('agent.example', 50051)).toEqual({ address: '127.0.0.1', port: 50051 });
    expect((await failure(resolving.address('10.0.0.1', 1))).kind).toBe('refused');
  });
});

describe('limits', () => {
  /** Waits until the request is under way; only then may time pass. */
  const underWay = async (work: Promise<unknown>): Promise<void> => {
    void work.catch(() => undefined);
    await once(server, 'request');
  };

  it('gives up when no headers come', async () => {
    handle = () => undefined;
    const work = door().request(get(here()));
    await underWay(work);
    clock.advance(1000);
    expect(await failure(work)).toMatchObject({ kind: 'timeout', message: 'no answer for 1000 ms' });
  });

  it('gives up on a body that drips, however lively', async () => {
    let answer: ServerResponse | undefined;
    handle = (_, res) => void (answer = res).write('drip');
    const work = door().request(get(here()));
    await underWay(work);
    for (let i = 0; i < 10; i++) {
      answer?.write('drip');
      clock.advance(100);
    }
    expect((await failure(work)).kind).toBe('timeout');
  });

  it('stops reading what is too large', async () => {
    handle = (_, res) => void res.write('x'.repeat(2000));
    expect((await failure(door().request(get(here())))).kind).toBe('too_large');
  });

  it('a stream may last, but not be silent', async () => {
    let answer: ServerResponse | undefined;
    handle = (_, res) => void (answer = res).write('0');
    const stream = await door().open({ ...get(here()), idleMs: 500, maxBytes: undefined });
    const chunks = stream.body[Symbol.asyncIterator]();
    for (let i = 1; i <= 5; i++) {
      await chunks.next();
      clock.advance(10_000); // nobody waits for a chunk now: this is no silence of the far end
      answer?.write(String(i));
    }
    await chunks.next();
    const next = chunks.next();
    await new Promise(setImmediate);
    clock.advance(500);
    expect(await failure(next)).toMatchObject({ kind: 'timeout', message: 'silence for 500 ms' });
  });

  it('ends with its caller', async () => {
    handle = () => undefined;
    const abort = new AbortController();
    const work = door().request(get(here(), { signal: abort.signal }));
    await underWay(work);
    abort.abort();
    expect((await failure(work)).kind).toBe('aborted');
    expect((await failure(door().request(get(here(), { signal: abort.signal })))).kind).toBe('aborted');
  });

  it('tells a refused connection from a broken one', async () => {
    const tcp = createTcpServer((socket) => socket.on('data', () => socket.destroy())).listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const url = `http://127.0.0.1:${(tcp.address() as AddressInfo).port}`;
    expect((await failure(door().request(get(url)))).kind).toBe('protocol');
    tcp.close();
    await once(tcp, 'close');
    expect((await failure(door().request(get(url)))).kind).toBe('connect');
  });

  it('takes no answer that is not HTTP', async () => {
    const tcp = createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n')).listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const url = `http://127.0.0.1:${(tcp.address() as AddressInfo).port}`;
    expect((await failure(door().request(get(url)))).kind).toBe('protocol');
    tcp.close();
  });
});

describe('fetcher', () => {
  const fetcher = (more = {}) =>
    door().fetcher({ purpose: 'agent', timeoutMs: 1000, idleMs: 500, maxBytes: 20, ...more });

  it('sends what fetch would send, and the added headers', async () => {
    handle = (req, res) => {
      req
        .setEncoding('utf8')
        .on('data', (body: string) =>
          res.end([req.method, req.headers['x-a'], req.headers.authorization, body].join(' ')),
        );
    };
    const headers = () => Promise.resolve({ authorization: 'me' });
    const answer = await fetcher({ headers })(here(), {
      method: 'POST',
      body: 'in',
      headers: { 'X-A': 'a' },
    });
    expect(await answer.text()).toBe('POST a me in');
  });

  it('bounds the whole of an answer, but of an event stream the silence', async () => {
    handle = (_, res) => res.end('x'.repeat(21));
    expect((await failure((await fetcher()(here())).text())).kind).toBe('too_large');
    handle = (_, res) =>
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${'x'.repeat(50)}\n\n`);
    expect(await (await fetcher()(here())).text()).toHaveLength(58);
  });

  it('knows answers without a body', async () => {
    handle = (_, res) => res.writeHead(204).end();
    expect((await fetcher()(here())).status).toBe(204);
  });
});

test('tells how calls went', async () => {
  const observed: string[] = [];
  const watched = door();
  watched.observe((purpose, outcome) => observed.push(`${purpose} ${outcome}`));
  await watched.request(get(here()));
  handle = (_, res) => res.writeHead(503).end();
  await watched.request(get(here(), { purpose: 'webhook' }));
  await failure(watched.request(get('http://169.254.169.254', { purpose: 'push' })));
  expect(observed).toEqual(['agent 2xx', 'webhook 5xx', 'push refused']);
});
