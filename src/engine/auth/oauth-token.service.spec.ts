import { scryptSync } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { anOutgoing } from '../../../test/support/outgoing.js';
import { hashSecret } from '../../cli/token.js';
import { AuthConfig } from '../../config/auth.config.js';
import type { Namespace } from '../../core/ids.js';
import { ClientSecrets } from './client-secret.js';
import { OAuthTokenService } from './oauth-token.service.js';
import { TokenIssuer } from './token-issuer.js';
import { TokenVerifier } from './token-verifier.js';

const SECRET = 'a shared secret of thirty-two bytes or more';
const CLIENT_SECRET = 'correct horse: 100% battery+staple';

/** As the command makes it, but quick. */
function quickHash(secret: string): string {
  const salt = Buffer.from('0123456789abcdef');
  return `scrypt$16$8$1$${salt.toString('base64')}$${scryptSync(secret, salt, 32, { N: 16, r: 8, p: 1 }).toString('base64')}`;
}

const clients = [
  { id: 'worker', secretHash: quickHash(CLIENT_SECRET), namespace: 'production', scope: 'execute' },
  { id: 'boss:1', secretHash: quickHash(CLIENT_SECRET), namespace: 'production', scope: 'read admin' },
];

function build(settings: ConstructorParameters<typeof AuthConfig>[0] = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 0, 0, 0, 250));
  const config = new AuthConfig({ mode: 'jwt', jwtSecret: SECRET, clients, tokenTtl: 600_000, ...settings });
  const issuer = new TokenIssuer(config, clock, new JwtService());
  return {
    clock,
    issuer,
    verifier: new TokenVerifier(config, clock, anOutgoing(clock)),
    service: new OAuthTokenService(config, issuer),
  };
}

const form = (fields: Record<string, unknown> = {}) => ({
  grant_type: 'client_credentials',
  client_id: 'worker',
  client_secret: CLIENT_SECRET,
  ...fields,
});

const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

describe('OAuthTokenService', () => {
  it('gives a client a token that the gateway takes', async () => {
    const { service, verifier, clock } = build();
    const answer = await service.handle({ body: form(), authorization: undefined });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' },
      body: { token_type: 'Bearer', expires_in: 600, scope: 'execute' },
    });
    const principal = await verifier.verify(answer.body['access_token'] as string);
    expect(principal).toMatchObject({ id: 'token:gateway-auth:worker', namespace: 'production' });
    expect([...principal.rights]).toEqual(['read', 'execute']);
    expect(principal.expiresAt).toBe(Math.floor(clock.now() / 1000) * 1000 + 600_000);
  });

  it('takes HTTP Basic, form-encoded', async () => {
    const authorization = basic('boss:1', CLIENT_SECRET);
    const answer = await build().service.handle({
      body: { grant_type: 'client_credentials' },
      authorization,
    });
    expect(answer).toMatchObject({ status: 200, body: { scope: 'read admin' } });
  });

  it.each<[string, string, string, number]>([
    ['worker', 'execute', 'execute', 200],
    ['worker', 'read', 'read', 200],
    ['worker', '', 'execute', 200],
    ['worker', 'admin', 'invalid_scope', 400],
    ['worker', 'read admin', 'invalid_scope', 400],
    ['worker', 'openid', 'invalid_scope', 400],
    ['boss:1', 'execute', 'execute', 200],
  ])('%s asking for scope %j gets %s', async (client_id, scope, outcome, status) => {
    const answer = await build().service.handle({
      body: form({ client_id, scope }),
      authorization: undefined,
    });
    expect([answer.status, answer.body['scope'] ?? answer.body['error']]).toEqual([status, outcome]);
  });

  it.each<[string, Record<string, unknown> | string | undefined, string | undefined, string, number]>([
    ['no body', undefined, undefined, 'invalid_request', 400],
    ['a text as body', 'grant_type', undefined, 'invalid_request', 400],
    ['no grant type', form({ grant_type: undefined }), undefined, 'invalid_request', 400],
    ['an empty grant type', form({ grant_type: '' }), undefined, 'invalid_request', 400],
    ['another grant type', form({ grant_type: 'password' }), undefined, 'unsupported_grant_type', 400],
    ['a parameter twice', form({ client_id: ['worker', 'boss:1'] }), undefined, 'invalid_request', 400],
    ['no credentials', { grant_type: 'client_credentials' }, undefined, 'invalid_client', 401],
    ['a wrong secret', form({ client_secret: 'wrong' }), undefined, 'invalid_client', 401],
    ['an unknown client', form({ client_id: 'nobody' }), undefined, 'invalid_client', 401],
    ['a client named __proto__', form({ client_id: '__proto__' }), undefined, 'invalid_client', 401],
    ['the hash as secret', form({ client_secret: clients[0]?.secretHash }), undefined, 'invalid_client', 401],
    ['credentials in two places', form(), basic('worker', CLIENT_SECRET), 'invalid_request', 400],
    [
      'two clients',
      form({ client_secret: undefined, client_id: 'boss:1' }),
      basic('worker', CLIENT_SECRET),
      'invalid_request',
      400,
    ],
    ['a bearer token', { grant_type: 'client_credentials' }, 'Bearer x', 'invalid_client', 401],
    ['Basic rubbish', { grant_type: 'client_credentials' }, 'Basic %%%', 'invalid_client', 401],
    ['Basic without a colon', { grant_type: 'client_credentials' }, 'Basic d29ya2Vy', 'invalid_client', 401],
    [
      'Basic that is not form-encoded',
      { grant_type: 'client_credentials' },
      `Basic ${Buffer.from('worker:100%').toString('base64')}`,
      'invalid_client',
      401,
    ],
  ])('refuses %s', async (_, given, authorization, error, status) => {
    const body = typeof given === 'object' ? withoutUndefined(given) : given;
    const answer = await build().service.handle({ body, authorization });
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect(answer.headers['Cache-Control']).toBe('no-store');
    expect(answer.headers['WWW-Authenticate']).toBe(
      status === 401 ? 'Basic realm="agent-gateway"' : undefined,
    );
    expect(JSON.stringify(answer)).not.toContain(CLIENT_SECRET);
  });

  const withoutUndefined = (fields: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

  it('answers unknown clients and wrong secrets alike', async () => {
    const { service } = build();
    const ask = (fields: Record<string, string>) =>
      service.handle({ body: form(fields), authorization: undefined });
    expect(await ask({ client_id: 'nobody' })).toEqual(await ask({ client_secret: 'wrong' }));
  });

  it('checks few secrets at a time and turns a flood away', async () => {
    const { service } = build();
    const ask = () => service.handle({ body: form(), authorization: undefined });
    const flood = await Promise.all(Array.from({ length: 50 }, ask));
    const refused = flood.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(50 - 2 - 32);
    expect(refused[0]).toMatchObject({
      headers: { 'Retry-After': '1' },
      body: { error: 'temporarily_unavailable' },
    });
    expect((await ask()).status).toBe(200);
  });

  it('issues nothing without a secret to sign with', async () => {
    const { service } = build({ jwtSecret: undefined });
    expect(service.available).toBe(false);
    const answer = await service.handle({ body: form(), authorization: undefined });
    expect([answer.status, answer.body['error']]).toEqual([400, 'unauthorized_client']);
  });
});

describe('TokenIssuer', () => {
  it('mints claims of the seed, with times of the injected clock', async () => {
    const { issuer, clock } = build({ audience: 'gateway' });
    const token = await issuer.issue({
      sub: 'tenant-001',
      namespace: 'production' as Namespace,
      ttlMs: 90_500,
    });
    const iat = Math.floor(clock.now() / 1000);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(decodeJwt(token)).toEqual({
      sub: 'tenant-001',
      namespace: 'production',
      iss: 'gateway-auth',
      aud: 'gateway',
      iat,
      exp: iat + 90,
    });
  });
});

describe('ClientSecrets', () => {
  it('takes what the command makes', async () => {
    const secrets = new ClientSecrets([{ id: 'a', secretHash: hashSecret('geheim: 密码') }]);
    expect(await secrets.matches('a', 'geheim: 密码')).toBe(true);
    expect(await secrets.matches('a', 'geheim')).toBe(false);
    expect(await secrets.matches('b', 'geheim: 密码')).toBe(false);
  });

  it.each([
    '',
    'plain',
    'scrypt$16384$8$1$$',
    'scrypt$1000$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZg==',
    'scrypt$1048576$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZg==',
    'scrypt$16384$0$1$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZg==',
    'bcrypt$16384$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZg==',
  ])('does not start with the hash %j', (secretHash) => {
    expect(() => new ClientSecrets([{ id: 'a', secretHash }])).toThrow('allowed: scrypt$N$r$p$salt$hash');
  });
});
