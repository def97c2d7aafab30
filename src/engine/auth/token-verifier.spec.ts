import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { exportJWK, type JWK, SignJWT } from 'jose';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { anOutgoing } from '../../../test/support/outgoing.js';
import { AuthConfig } from '../../config/auth.config.js';
import { GatewayError } from '../../core/errors.js';
import { TokenVerifier } from './token-verifier.js';

const SECRET = 'a shared secret of thirty-two bytes or more';
const NOW = Date.UTC(2026, 0, 1);
const NOW_S = NOW / 1000;
const HOUR_S = 3600;

type Claims = Record<string, unknown>;
type Header = Record<string, unknown>;
const GOOD: Claims = { sub: 'tenant-001', namespace: 'production', iss: 'gateway-auth', exp: NOW_S + HOUR_S };

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token made by hand, so that it can be wrong in ways that a library refuses to produce. */
function hs256(claims: Claims = GOOD, header: Header = {}, secret: string | Buffer = SECRET): string {
  const signed = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const without = (claim: string): Claims =>
  Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== claim));

async function refusal(work: Promise<unknown>): Promise<GatewayError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GatewayError);
  return error as GatewayError;
}

beforeAll(() => void Logger.overrideLogger(false));
afterAll(() => void Logger.overrideLogger(['log', 'warn', 'error']));

describe('TokenVerifier with a shared secret', () => {
  let clock: FakeClock;
  let verifier: TokenVerifier;
  beforeEach(() => {
    clock = new FakeClock(NOW);
    verifier = new TokenVerifier(new AuthConfig({ jwtSecret: SECRET }), clock, anOutgoing(clock));
  });

  it("takes the seed's token with a later exp", async () => {
    const principal = await verifier.verify(hs256());
    expect(principal).toEqual({
      id: 'token:gateway-auth:tenant-001',
      namespace: 'production',
      rights: new Set(['read', 'execute']),
      expiresAt: (NOW_S + HOUR_S) * 1000,
      grants: [{ namespace: 'production', name: '*' }],
    });
  });

  it("refuses the seed's token verbatim: it expired in 2023", async () => {
    const error = await refusal(verifier.verify(hs256({ ...GOOD, exp: 1_700_000_000 })));
    expect([error.code, error.message]).toEqual(['UNAUTHENTICATED', 'token: expired']);
  });

  it.each<[string, string]>([
    ['alg none', `${part({ alg: 'none' })}.${part(GOOD)}.`],
    ['alg None', `${part({ alg: 'None' })}.${part(GOOD)}.`],
    ['alg none with a signature', hs256(GOOD, { alg: 'none' })],
    ['no alg', hs256(GOOD, { alg: undefined })],
    ['alg that is a list', hs256(GOOD, { alg: ['HS256'] })],
    ['alg __proto__', hs256(GOOD, { alg: '__proto__' })],
    ['HS384', hs256(GOOD, { alg: 'HS384' })],
    ['RS256 while only a secret is configured', hs256(GOOD, { alg: 'RS256' })],
    ['another secret', hs256(GOOD, {}, 'another secret that is long enough too')],
    ['empty signature', `${hs256().split('.').slice(0, 2).join('.')}.`],
    ['changed claims', hs256().replace(/\..*\./, `.${part({ ...GOOD, namespace: 'other' })}.`)],
    ['unknown crit', hs256(GOOD, { crit: ['x'], x: 1 })],
    ['known crit', hs256(GOOD, { crit: ['b64'], b64: true })],
    ['unencoded payload', hs256(GOOD, { b64: false })],
    ['embedded jwk', hs256(GOOD, { jwk: { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') } })],
    ['jku', hs256(GOOD, { jku: 'https://keys.example/jwks' })],
    ['x5u', hs256(GOOD, { x5u: 'https://keys.example/chain' })],
    ['x5c', hs256(GOOD, { x5c: [] })],
    ['encrypted token', `${part({ alg: 'dir', enc: 'A256GCM' })}..a.b.c`],
    ['header that is no JSON', `e30x.${part(GOOD)}.AAAA`],
    ['claims that are no object', `${part({ alg: 'HS256' })}.${part([1])}.AAAA`],
    ['two parts', `${part({ alg: 'HS256' })}.${part(GOOD)}`],
    ['nothing', ''],
    ['a token of 100 kB', hs256({ ...GOOD, padding: 'x'.repeat(100_000) })],
    ['no exp', hs256(without('exp'))],
    ['exp that is a text', hs256({ ...GOOD, exp: '9999999999' })],
    ['not valid yet', hs256({ ...GOOD, nbf: NOW_S + 61 })],
    ['nbf that is a text', hs256({ ...GOOD, nbf: '0' })],
    ['expired beyond the tolerance', hs256({ ...GOOD, exp: NOW_S - 61 })],
    ['another issuer', hs256({ ...GOOD, iss: 'somebody' })],
    ['no issuer', hs256(without('iss'))],
    ['no sub', hs256(without('sub'))],
    ['empty sub', hs256({ ...GOOD, sub: '' })],
    ['sub with a line feed', hs256({ ...GOOD, sub: 'a\nb' })],
    ['sub that is a number', hs256({ ...GOOD, sub: 7 })],
    ['namespace that is a list', hs256({ ...GOOD, namespace: ['production'] })],
    ['namespace null', hs256({ ...GOOD, namespace: null })],
    ['namespace *', hs256({ ...GOOD, namespace: '*' })],
    ['namespace with a bidi override', hs256({ ...GOOD, namespace: 'a\u202eb' })],
    ['scope that is a number', hs256({ ...GOOD, scope: 1 })],
    ['scope null', hs256({ ...GOOD, scope: null })],
    ['roles with an object', hs256({ ...GOOD, roles: [{ admin: true }] })],
  ])('refuses %s', async (_, token) => {
    const error = await refusal(verifier.verify(token));
    expect(error.code).toBe('UNAUTHENTICATED');
    if (token.length > 20) expect(error.message).not.toContain(token.slice(-20));
    expect(error.message).not.toContain(SECRET);
  });

  it.each<[string, Claims, number]>([
    ['exp within the tolerance', { ...GOOD, exp: NOW_S - 59 }, (NOW_S + 1) * 1000],
    ['nbf within the tolerance', { ...GOOD, nbf: NOW_S + 60 }, (NOW_S + HOUR_S) * 1000],
    ['exp after the end of time', { ...GOOD, exp: 1e300 }, 8.64e15],
  ])('takes %s', async (_, claims, expiresAt) => {
    expect((await verifier.verify(hs256(claims))).expiresAt).toBe(expiresAt);
  });

  it.each<[string, Claims, string[]]>([
    ['scope read', { scope: 'read' }, ['read']],
    ['scope execute', { scope: 'openid execute' }, ['read', 'execute']],
    ['scope admin', { scope: 'admin' }, ['read', 'execute', 'admin']],
    ['roles', { roles: ['execute'] }, ['read', 'execute']],
    ['scope and roles together', { scope: 'read', roles: ['admin'] }, ['read', 'execute', 'admin']],
    ['a scope that means nothing here', { scope: 'openid' }, []],
    ['an empty scope', { scope: '' }, []],
    ['empty roles', { roles: [] }, []],
    ['words that only look like rights', { scope: 'ADMIN administrator' }, []],
  ])('reads rights from %s', async (_, claims, rights) => {
    const principal = await verifier.verify(hs256({ ...GOOD, ...claims }));
    expect([...principal.rights]).toEqual(rights);
    expect(principal.grants).toHaveLength(rights.includes('execute') ? 1 : 0);
  });

  it('puts a token without namespace into "default"', async () => {
    expect((await verifier.verify(hs256(without('namespace')))).namespace).toBe('default');
  });

  it('checks the audience when one is configured', async () => {
    const strict = new TokenVerifier(
      new AuthConfig({ jwtSecret: SECRET, audience: 'gateway' }),
      clock,
      anOutgoing(clock),
    );
    expect((await refusal(strict.verify(hs256()))).message).toBe('token: claim aud is missing');
    expect((await refusal(strict.verify(hs256({ ...GOOD, aud: 'other' })))).code).toBe('UNAUTHENTICATED');
    await expect(strict.verify(hs256({ ...GOOD, aud: ['other', 'gateway'] }))).resolves.toBeDefined();
  });

  it('verifies a repeated token once a minute and never after its end', async () => {
    const token = hs256({ ...GOOD, exp: NOW_S + 90 });
    const first = await verifier.verify(token);
    clock.advance(59_999);
    expect(await verifier.verify(token)).toBe(first);
    clock.advance(1);
    const second = await verifier.verify(token);
    expect(second).not.toBe(first);
    clock.advance(30_000); // exp: still tolerated, but looked at again
    expect((await verifier.verify(token)).expiresAt).toBe((NOW_S + 150) * 1000);
    clock.advance(60_000);
    await refusal(verifier.verify(token));
  });

  it('accepts no token at all without a secret or keys', async () => {
    expect(
      (await refusal(new TokenVerifier(new AuthConfig(), clock, anOutgoing(clock)).verify(hs256()))).code,
    ).toBe('UNAUTHENTICATED');
  });
});

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const rsa: Pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec: Pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed: Pair = generateKeyPairSync('ed25519');

const sign = (alg: string, key: KeyObject, header: Header = {}, claims: Claims = GOOD): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ kid: alg, ...header, alg }).sign(key);

const jwk = async (alg: string, { publicKey }: Pair): Promise<JWK> => ({
  ...(await exportJWK(publicKey)),
  alg,
  kid: alg,
  use: 'sig',
});

describe('TokenVerifier with a key set at a URL', () => {
  let server: Server;
  let url: string;
  let fetches: number;
  let answer: { status: number; body: string; headers?: Record<string, string> };
  let clock: FakeClock;
  let verifier: TokenVerifier;

  const publish = async (keys: readonly JWK[]) => (answer = { status: 200, body: JSON.stringify({ keys }) });
  const verify = async (token: Promise<string>) => verifier.verify(await token);

  beforeEach(async () => {
    fetches = 0;
    server = createServer((_, response) => {
      fetches++;
      response
        .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
        .end(answer.body);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    await publish([await jwk('RS256', rsa), await jwk('ES256', ec), await jwk('EdDSA', ed)]);
    clock = new FakeClock(NOW);
    verifier = new TokenVerifier(new AuthConfig({ jwksUrl: url }), clock, anOutgoing(clock));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  it.each<[string, Pair]>([
    ['RS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ])('takes %s', async (alg, pair) => {
    expect((await verify(sign(alg, pair.privateKey))).namespace).toBe('production');
  });

  it('fetches once for many tokens at once', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, i) => sign('ES256', ec.privateKey, { i })),
    );
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(fetches).toBe(1);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['HS256 with the public key (PEM)', () => hs256(GOOD, { kid: 'RS256' }, pemOf(rsa))],
    ['HS256 with the public key (DER)', () => hs256(GOOD, { kid: 'RS256' }, derOf(rsa))],
    ['alg none', () => `${part({ alg: 'none', kid: 'RS256' })}.${part(GOOD)}.`],
    ['an algorithm that is not allowed', () => sign('PS256', rsa.privateKey, { kid: 'RS256' })],
    ['a key of another kind under a known kid', () => sign('ES256', ec.privateKey, { kid: 'RS256' })],
    [
      'an own key beside the token',
      async () => sign('ES256', other.privateKey, { jwk: await exportJWK(other.publicKey) }),
    ],
    ['an own key elsewhere', () => sign('ES256', other.privateKey, { jku: `${url}/evil` })],
    ['a key that is not in the set', () => sign('ES256', other.privateKey)],
  ])('refuses %s', async (_, token) => {
    expect((await refusal(verifier.verify(await token()))).code).toBe('UNAUTHENTICATED');
  });
  const other: Pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('keeps secret and key set apart when both are configured', async () => {
    verifier = new TokenVerifier(
      new AuthConfig({ jwksUrl: url, jwtSecret: SECRET }),
      clock,
      anOutgoing(clock),
    );
    await expect(verifier.verify(hs256())).resolves.toBeDefined();
    await expect(verify(sign('RS256', rsa.privateKey))).resolves.toBeDefined();
    expect((await refusal(verifier.verify(hs256(GOOD, {}, pemOf(rsa))))).message).toBe(
      'token: wrong signature',
    );
  });

  it('takes no secret key from the set', async () => {
    await publish([{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), kid: 'x' }]);
    await refusal(verifier.verify(hs256(GOOD, { kid: 'x' })));
    expect(fetches).toBe(0);
  });

  it('narrows the algorithms to the configured ones', async () => {
    verifier = new TokenVerifier(
      new AuthConfig({ jwksUrl: url, algorithms: ['ES256'] }),
      clock,
      anOutgoing(clock),
    );
    await expect(verify(sign('ES256', ec.privateKey))).resolves.toBeDefined();
    expect((await refusal(verify(sign('RS256', rsa.privateKey)))).message).toContain('allowed: ES256');
  });

  it('answers a flood of unknown kids with one fetch in 30 s', async () => {
    await verify(sign('ES256', ec.privateKey));
    clock.advance(30_000);
    const flood = async () => {
      const tokens = await Promise.all(
        Array.from({ length: 100 }, (_, i) => sign('ES256', ec.privateKey, { kid: `unknown-${i}` })),
      );
      const refused = await Promise.all(tokens.map((token) => refusal(verifier.verify(token))));
      expect(new Set(refused.map((error) => error.message))).toEqual(new Set(['token: unknown key']));
    };
    await flood();
    await flood();
    expect(fetches).toBe(2);
    clock.advance(29_999);
    await flood();
    expect(fetches).toBe(2);
    clock.advance(1);
    await flood();
    expect(fetches).toBe(3);
  });

  it('fetches no more often when the fetches fail', async () => {
    answer = { status: 500, body: 'down' };
    for (let i = 0; i < 20; i++) {
      const error = await refusal(verify(sign('ES256', ec.privateKey, { i })));
      expect([error.code, error.retryAfterS]).toEqual(['UPSTREAM', 30]);
    }
    expect(fetches).toBe(1);
  });

  it('finds a rotated key, all waiting callers with one fetch', async () => {
    await verify(sign('ES256', ec.privateKey));
    await publish([{ ...(await jwk('ES256', other)), kid: 'new' }]);
    clock.advance(30_000);
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, i) => sign('ES256', other.privateKey, { kid: 'new', i })),
    );
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(fetches).toBe(2);
  });

  it('outlives an identity provider that is away for less than an hour', async () => {
    await verify(sign('ES256', ec.privateKey));
    answer = { status: 503, body: '' };
    const later = (i: number) => sign('ES256', ec.privateKey, { i }, { ...GOOD, exp: NOW_S + 10 * HOUR_S });
    clock.advance(59 * 60_000);
    await expect(verify(later(1))).resolves.toBeDefined();
    clock.advance(2 * 60_000);
    expect((await refusal(verify(later(2)))).code).toBe('UPSTREAM');
  });

  it.each<[string, () => void]>([
    ['a redirect', () => (answer = { status: 302, body: '', headers: { location: url } })],
    ['no JSON', () => (answer = { status: 200, body: '<html>' })],
    ['no key set', () => (answer = { status: 200, body: '[]' })],
    ['a huge answer', () => (answer = { status: 200, body: `{"keys":[],"x":"${'x'.repeat(300_000)}"}` })],
  ])('does without keys when the provider answers with %s', async (_, misbehave) => {
    misbehave();
    expect((await refusal(verify(sign('ES256', ec.privateKey)))).code).toBe('UPSTREAM');
    expect(fetches).toBe(1);
  });

  it('gives up on a provider that trickles', async () => {
    const asked = new Promise<void>((heard) => {
      server.removeAllListeners('request');
      server.on('request', (_, response) => {
        response.writeHead(200).write('{"keys":');
        heard();
      });
    });
    const waiting = refusal(verify(sign('ES256', ec.privateKey)));
    await asked;
    clock.advance(5_000);
    expect((await waiting).code).toBe('UPSTREAM');
  });
});

const pemOf = ({ publicKey }: Pair): string => publicKey.export({ type: 'spki', format: 'pem' }).toString();
const derOf = ({ publicKey }: Pair): Buffer => publicKey.export({ type: 'spki', format: 'der' });
