import { rename, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import {
  credentials,
  pem,
  TestPki,
  TRUST_DOMAIN,
  type BotProfile,
  type Credentials,
} from '../support/pki.js';
import { closeAllBots, TestBot, type TestBotOptions } from '../support/test-bot.js';
import { SECRET } from '../support/env.js';
import { tokenFor } from '../support/tokens.js';
import type { Identity } from '../../src/cli/pki.js';

/** Client certificates on the real listener: who gets in, as whom, and how long. */

let pki: TestPki;
let gateway: GatewayProcess;
let http: Orchestrator;
let ca: string;
let crl: string;
let server: Credentials;

/** Replaces the revocation list as operators do: a new file under the old name. */
async function publish(text: string): Promise<void> {
  await writeFile(`${crl}.new`, text);
  await rename(`${crl}.new`, crl);
}

const environment = (): Record<string, string> => ({
  GATEWAY_BOTS_TLS_CERT: pki.file(server.cert),
  GATEWAY_BOTS_TLS_KEY: pki.file(server.key),
  GATEWAY_BOTS_TLS_CA: pki.file(ca),
  GATEWAY_BOTS_TLS_CRL: crl,
  GATEWAY_AUTH_MODE: 'jwt',
  GATEWAY_AUTH_JWT_SECRET: SECRET,
  GATEWAY_AUTH_TRUST_DOMAIN: TRUST_DOMAIN,
});

beforeAll(async () => {
  pki = await TestPki.create();
  // The root alone is trusted for all; the intermediate is in the file so that its own revocation can be seen.
  ca = pem(pki.root, pki.intermediate);
  server = await credentials(await pki.server());
  crl = pki.file(await pki.crl([]));
  gateway = await GatewayProcess.start({ env: environment() });
  http = new Orchestrator(gateway.httpUrl, tokenFor('production', { scope: 'admin' }));
});
afterEach(() => closeAllBots());
afterAll(() => pki.dispose());

/** Options of a TLS client. */
interface TlsClient extends Partial<Credentials> {
  readonly ca: string;
  readonly servername: string;
}

/** A TLS client that trusts the gateway's authority and shows `identity`, if any. */
async function tls(identity?: Identity, ...chain: Identity[]): Promise<TlsClient> {
  return {
    ca: pem(pki.root),
    servername: 'localhost',
    ...(identity ? await credentials(identity, ...chain) : {}),
  };
}

async function options(
  profile: BotProfile | Identity,
  more: Partial<TestBotOptions> = {},
): Promise<TestBotOptions> {
  const identity = 'certificate' in profile ? profile : await pki.bot(profile);
  return {
    url: gateway.botUrl.replace('127.0.0.1', 'localhost'),
    name: 'bot-1',
    namespace: 'production',
    skills: ['work'],
    socket: await tls(identity),
    ...more,
  };
}

test('B130: a bot with a certificate of the CA registers, without any token', async () => {
  expect(gateway.botUrl).toMatch(/^wss:/);
  const bot = await TestBot.connect(await options({ name: 'bot-1' }));
  expect(bot.welcome).toMatchObject({ agent_id: 'bot-1', namespace: 'production' });
  expect(await http.agents()).toMatchObject([{ name: 'bot-1', namespace: 'production' }]);
});

test('B130: through an intermediate authority too', async () => {
  const leaf = await pki.bot({ issuer: pki.intermediate, name: 'bot-2' });
  const bot = await TestBot.connect(
    await options(leaf, { name: 'bot-2', socket: await tls(leaf, pki.intermediate) }),
  );
  expect(bot.welcome).toMatchObject({ agent_id: 'bot-2' });
});

describe('B131: in the TLS handshake already fails who comes', () => {
  /** Everything that the gateway sent as application data until it closed the connection. */
  async function attempt(with_: ConnectionOptions): Promise<string> {
    const { port } = new URL(gateway.botUrl);
    return new Promise((resolve) => {
      let data = '';
      const socket = tlsConnect({ host: 'localhost', port: Number(port), ...with_ }, () =>
        socket.write('GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
      );
      socket.on('data', (chunk: Buffer) => (data += chunk.toString()));
      socket.on('error', () => undefined); // with TLS 1.3 the client may have thought that it was in
      socket.on('close', () => resolve(data));
    });
  }

  test.each<[string, () => Promise<TlsClient>]>([
    ['without a certificate', () => tls()],
    ['with one of another CA of the same name', async () => tls(await pki.bot({ issuer: pki.other }))],
    ['with an expired one', async () => tls(await pki.expiredBot())],
    ['with one that is not valid yet', async () => tls(await pki.futureBot())],
    ['with one that is its own issuer', async () => tls(pki.other)],
  ])('%s', async (_, with_) => {
    expect(await attempt(await with_())).toBe('');
  });

  test('and not who has a good one', async () => {
    expect(await attempt(await tls(await pki.bot()))).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  test('a bearer token instead of a certificate is no way in', async () => {
    await expect(
      TestBot.connect({ ...(await options({})), socket: await tls(), token: tokenFor('production') }),
    ).rejects.toThrow();
  });
});

describe('the certificate’s identity decides what may be registered', () => {
  test.each<[string, BotProfile, { name?: string; namespace?: string }, boolean]>([
    ['its own name in its own namespace', { name: 'a' }, { name: 'a' }, true],
    ['another name', { name: 'a' }, { name: 'b' }, false],
    ['another namespace', { name: 'a' }, { name: 'a', namespace: 'staging' }, false],
    ['any name where it says *', { name: '*' }, { name: 'anything' }, true],
    ['any name, but no other namespace', { name: '*' }, { name: 'x', namespace: 'staging' }, false],
    ['CN and O', { names: [], subject: [{ CN: ['c'] }, { O: ['production'] }] }, { name: 'c' }, true],
    [
      'CN without O is of "default"',
      { names: [], subject: [{ CN: ['c'] }] },
      { name: 'c', namespace: 'default' },
      true,
    ],
    ['CN without O is of no other', { names: [], subject: [{ CN: ['c'] }] }, { name: 'c' }, false],
    [
      'a SPIFFE id counts, not CN and O',
      { name: 'a', subject: [{ CN: ['b'] }, { O: ['staging'] }] },
      { name: 'b', namespace: 'staging' },
      false,
    ],
    [
      'a DNS name',
      { names: [{ type: 'dns', value: 'bot.example' }], subject: [{ O: ['production'] }] },
      { name: 'bot.example' },
      true,
    ],
  ])('%s', async (_, profile, asked, allowed) => {
    const attempt = TestBot.connect(await options(profile, { name: 'x', ...asked }));
    if (allowed) expect((await attempt).welcome).toMatchObject({ agent_id: asked.name });
    else await expect(attempt).rejects.toThrow('-32012');
  });

  test.each<[string, BotProfile]>([
    [
      'of another trust domain',
      { names: [{ type: 'url', value: 'spiffe://evil.example/ns/production/agent/a' }] },
    ],
    [
      'with a malformed SPIFFE id',
      { names: [{ type: 'url', value: `spiffe://${TRUST_DOMAIN}/ns/production` }] },
    ],
    [
      'with two SPIFFE ids',
      {
        names: [
          { type: 'url', value: `spiffe://${TRUST_DOMAIN}/ns/production/agent/a` },
          { type: 'url', value: `spiffe://${TRUST_DOMAIN}/ns/staging/agent/a` },
        ],
      },
    ],
    ['that names nobody', { names: [], subject: [{ O: ['production'] }] }],
  ])('a certificate %s: 403 at the upgrade, never 101', async (_, profile) => {
    await expect(TestBot.connect(await options(profile))).rejects.toThrow('HTTP 403');
  });

  test('a certificate opens no HTTP door', async () => {
    expect((await new Orchestrator(gateway.httpUrl).get('/agents')).status).toBe(401);
  });

  test('the namespace of the certificate is the default of its bot', async () => {
    const { url, socket } = await options({ name: 'a' });
    const bot = await TestBot.connect({ url, socket: socket!, name: 'a' });
    expect(bot.welcome).toMatchObject({ namespace: 'production' });
  });
});

describe('revocation', () => {
  const refused = async (identity: Identity, more: Partial<TestBotOptions> = {}): Promise<void> =>
    expect(TestBot.connect(await options(identity, more))).rejects.toThrow('HTTP 401');

  test('cuts a live socket within 5 s, and keeps the bot out, also with a resumed TLS session', async () => {
    const [revoked, good] = [await pki.bot({ name: 'revoked' }), await pki.bot({ name: 'good' })];
    const bot = await TestBot.connect(await options(revoked, { name: 'revoked' }));
    const other = await TestBot.connect(await options(good, { name: 'good' }));
    const session = await sessionOf(await tls(revoked));

    const begin = performance.now();
    await publish(await pki.crl([revoked]));
    expect((await bot.expectClose(5_000)).code).toBe(4500);
    expect(performance.now() - begin).toBeLessThan(5_000);
    await eventually(async () => (await http.agents()).length === 1);

    await refused(revoked, { name: 'revoked' });
    const resumed = { ...(await tls(revoked)), session };
    const { data, wasResumed } = await request(resumed);
    expect(wasResumed).toBe(true); // else the test says nothing
    expect(data).toMatch(/^HTTP\/1\.1 401 /);
    expect(other.isOpen).toBe(true);
  });

  test('of an intermediate authority reaches everybody below it', async () => {
    const leaf = await pki.bot({ issuer: pki.intermediate, name: 'below' });
    const socket = await tls(leaf, pki.intermediate);
    const bot = await TestBot.connect(await options(leaf, { name: 'below', socket }));
    await publish(await pki.crl([pki.intermediate]));
    expect((await bot.expectClose(5_000)).code).toBe(4500);
    await refused(leaf, { name: 'below', socket });
    await publish(await pki.crl([]));
    await eventually(async () => TestBot.connect(await options(leaf, { name: 'below', socket })));
  });

  test('a forged list changes nothing, and is an alarm', async () => {
    const identity = await pki.bot({ name: 'safe' });
    const bot = await TestBot.connect(await options(identity, { name: 'safe' }));
    await publish(await pki.forgedCrl([identity]));
    await eventually(async () => {
      const { body } = await http.get('/health/ready');
      return JSON.stringify(body).includes('not used');
    });
    expect(bot.isOpen).toBe(true);
    await publish(await pki.crl([]));
  });

  test('an expired list locks nobody out, goes on to count, and is an alarm', async () => {
    const [revoked, good] = [await pki.bot({ name: 'gone' }), await pki.bot({ name: 'stays' })];
    await publish(await pki.crl([revoked], { nextUpdate: Date.now() - 1_000 }));
    await eventually(async () => JSON.stringify((await http.get('/health/ready')).body).includes('expired'));
    expect((await http.get('/health/ready')).status).toBe(200);
    await TestBot.connect(await options(good, { name: 'stays' }));
    await refused(revoked, { name: 'gone' });
    await publish(await pki.crl([]));
  });
});

test('the listener for orchestrators speaks https where it has a certificate, and tells browsers to stay there', async () => {
  const secure = await GatewayProcess.start({
    env: { GATEWAY_HTTP_TLS_CERT: pki.file(server.cert), GATEWAY_HTTP_TLS_KEY: pki.file(server.key) },
  });
  expect(secure.httpUrl).toMatch(/^https:/);
  const request = get(`${secure.httpUrl}/health`, { ca: pem(pki.root), agent: false });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  expect([answer.statusCode, answer.headers['strict-transport-security']]).toEqual([
    200,
    expect.stringMatching(/^max-age=\d{7,}/),
  ]);
  answer.resume();
  // Without TLS there is nobody; with an old TLS neither.
  await expect(fetch(`${secure.httpUrl.replace('https', 'http')}/health`)).rejects.toThrow();
  const { port } = new URL(secure.httpUrl);
  const old = tlsConnect({
    host: '127.0.0.1',
    port: Number(port),
    ca: pem(pki.root),
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
  });
  await once(old, 'error');
  await secure.stop();
});

/** A TLS session that can be resumed, as the gateway gave it out. */
async function sessionOf(with_: ConnectionOptions): Promise<Buffer> {
  const { port } = new URL(gateway.botUrl);
  const socket = tlsConnect({ host: 'localhost', port: Number(port), ...with_ });
  const session = new Promise<Buffer>((resolve, reject) => {
    socket.once('session', resolve);
    socket.once('error', reject);
  });
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
  const ticket = await session;
  socket.destroy();
  return ticket;
}

/** An upgrade on a connection of its own, by hand: ws would hide whether the session was resumed. */
async function request(
  with_: ConnectionOptions,
): Promise<{ readonly data: string; readonly wasResumed: boolean }> {
  const { port } = new URL(gateway.botUrl);
  return new Promise((resolve, reject) => {
    let data = '';
    let wasResumed = false;
    const socket = tlsConnect({ host: 'localhost', port: Number(port), ...with_ }, () => {
      wasResumed = socket.isSessionReused();
      socket.write(
        'GET /agent/register HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
    });
    socket.on('data', (chunk: Buffer) => (data += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve({ data, wasResumed }));
  });
}
