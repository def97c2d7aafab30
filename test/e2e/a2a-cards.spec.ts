import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import type { JWK } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AUTH_ON } from '../support/env.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** What cards say, and whether it is true: security, signatures, the card for callers with a token, extensions. */

afterEach(() => closeAllBots());

const CARD = '/.well-known/agent-card.json';
const V1 = { 'a2a-version': '1.0' };
const CLIENTS = JSON.stringify([
  {
    id: 'me',
    secret_hash: 'scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    namespace: 'production',
    scope: 'read execute',
  },
]);

describe('with auth', () => {
  let gateway: GatewayProcess;
  let visitor: Orchestrator;
  let own: Orchestrator;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      env: { ...AUTH_ON, GATEWAY_AUTH_CLIENTS: CLIENTS, GATEWAY_AUTH_PUBLIC_NAMESPACES: 'shop' },
    });
    visitor = new Orchestrator(gateway.httpUrl);
    own = new Orchestrator(gateway.httpUrl, tokenFor('production'));
  });
  const bots = async (): Promise<void> => {
    for (const namespace of ['shop', 'production'])
      await TestBot.connect({
        url: gateway.botUrl,
        name: `bot-of-${namespace}`,
        skills: [`skill-of-${namespace}`],
        token: tokenFor(namespace),
        namespace,
        card: { documentationUrl: 'https://example.org/docs', defaultOutputModes: ['image/png'], iconUrl: 7 },
      });
  };
  const skillsOf = ({ body }: { body: Fields }) => (body['skills'] as Fields[]).map(({ id }) => id);

  test('the public card has what is public, and the ways to show who one is', async () => {
    await bots();
    const card = await visitor.get(CARD);
    expect(skillsOf(card)).toEqual(['skill-of-shop']);
    const { securitySchemes, securityRequirements } = AgentCard.fromJSON(card.body);
    expect(
      Object.fromEntries(Object.entries(securitySchemes).map(([name, { scheme }]) => [name, scheme])),
    ).toMatchObject({
      bearer: { $case: 'httpAuthSecurityScheme', value: { scheme: 'bearer', bearerFormat: 'JWT' } },
      apiKey: { $case: 'apiKeySecurityScheme', value: { location: 'header', name: 'X-API-Key' } },
      oauth2: {
        $case: 'oauth2SecurityScheme',
        value: {
          flows: {
            flow: { $case: 'clientCredentials', value: { tokenUrl: `${gateway.httpUrl}/oauth/token` } },
          },
        },
      },
    });
    expect(securityRequirements.map(({ schemes }) => Object.keys(schemes))).toEqual([
      ['bearer'],
      ['apiKey'],
      ['oauth2'],
    ]);
    expect(card.body).toMatchObject({
      supportsAuthenticatedExtendedCard: true,
      capabilities: { extendedAgentCard: true, pushNotifications: expect.any(Boolean) as unknown },
      security: [{ bearer: [] }, { apiKey: [] }, { oauth2: ['read', 'execute', 'admin'] }],
    });
  });

  test('an agent’s own words are on its card where they are of the right type', async () => {
    await bots();
    const { body } = await visitor.get(`/a2a/agents/bot-of-shop${CARD}`);
    expect(body).toMatchObject({
      documentationUrl: 'https://example.org/docs',
      defaultOutputModes: ['image/png'],
    });
    expect(body).not.toHaveProperty('iconUrl');
    expect((await visitor.get(`/a2a/agents/bot-of-production${CARD}`)).status).toBe(404);
  });

  test('the extended card by every binding and version: the caller’s own agents', async () => {
    await bots();
    const rpc = async (method: string, headers: Record<string, string>, path = '/a2a') => {
      const { body } = await own.post(path, { jsonrpc: '2.0', id: 1, method, params: {} }, headers);
      return { body: body['result'] as Fields };
    };
    for (const card of [
      await rpc('GetExtendedAgentCard', V1),
      await rpc('agent/getAuthenticatedExtendedCard', {}),
      await own.get('/a2a/extendedAgentCard'),
      await own.get('/a2a/v1/card'),
      await own.get('/agent/authenticatedExtendedCard'),
      await own.get('/a2a/skills/skill-of-production/agent/authenticatedExtendedCard'),
      await rpc('GetExtendedAgentCard', V1, '/a2a/agents/bot-of-production'),
    ])
      expect(skillsOf(card)).toEqual(['skill-of-production']);
    const { body } = await own.get('/a2a/v1/card');
    expect(body).toMatchObject({
      securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: 'bearer' } } },
      security: expect.arrayContaining([{ schemes: { bearer: { list: [] } } }]) as unknown,
    });
    expect((await visitor.get('/agent/authenticatedExtendedCard')).status).toBe(401);
  });
});

describe('signed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-signing-'));
  const keyFile = join(folder, 'key.pem');
  writeFileSync(
    keyFile,
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('each card verifies with the published key, and no longer once it is changed', async () => {
    const gateway = await GatewayProcess.start({ env: { GATEWAY_A2A_SIGNING_KEY: keyFile } });
    const http = new Orchestrator(gateway.httpUrl);
    await TestBot.connect({ url: gateway.botUrl, name: 'nanobot', skills: ['summarize'] });
    jest.spyOn(console, 'debug').mockImplementation(() => undefined); // the SDK's word on each wrong signature
    const asked: string[] = [];
    const verify = verifyAgentCardSignature(async (kid, jku) => {
      asked.push(jku ?? '');
      const { keys } = (await (await fetch(jku!)).json()) as { keys: (JWK & { kid: string })[] };
      return keys.find((key) => key.kid === kid)!;
    });
    for (const path of ['', '/a2a', '/a2a/skills/summarize', '/a2a/agents/nanobot']) {
      const answer = await http.get(path + CARD);
      const card = AgentCard.fromJSON(answer.body);
      await verify(card);
      await expect(verify({ ...card, description: 'another' })).rejects.toThrow();
      // The same card is the same text: its signature does not change from answer to answer.
      expect((await http.get(path + CARD)).text).toBe(answer.text);
      expect((await http.get(path + CARD, { 'if-none-match': answer.headers.get('etag')! })).status).toBe(
        304,
      );
    }
    expect(new Set(asked)).toEqual(new Set([`${gateway.httpUrl}/.well-known/jwks.json`]));
    const { keys } = (await http.get('/.well-known/jwks.json')).body as unknown as { keys: Fields[] };
    expect(keys).toEqual([expect.objectContaining({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })]);
    expect(keys[0]).not.toHaveProperty('d');
  });
});

describe('what the configuration takes away or asks for', () => {
  const URI = 'https://example.org/extensions/audit/v1';
  let gateway: GatewayProcess;
  let http: Orchestrator;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      env: { GATEWAY_A2A_STREAMING: 'false', GATEWAY_A2A_REQUIRED_EXTENSIONS: URI },
    });
    http = new Orchestrator(gateway.httpUrl);
  });
  const message = (messageId: string) => ({
    message: { messageId, role: 'ROLE_USER', parts: [{ text: 'x' }] },
  });

  test('cards say so; agent.json has no objects among the extensions', async () => {
    const { body } = await http.get(CARD);
    expect(body['capabilities']).toMatchObject({
      streaming: false,
      extensions: [{ uri: URI, required: true }],
    });
    const plain = await http.get('/a2a/.well-known/agent.json');
    expect(plain.body['capabilities']).not.toHaveProperty('extensions');
  });

  test('a required extension must be named in 1.0, and is named in the answer', async () => {
    await TestBot.connect({ url: gateway.botUrl, name: 'nanobot', skills: ['summarize'] });
    const without = await http.post('/a2a/message:send', message('m-1'));
    expect([without.status, JSON.stringify(without.body)]).toEqual([
      400,
      expect.stringContaining('EXTENSION_SUPPORT_REQUIRED'),
    ]);
    const headers = { 'a2a-extensions': `urn:other, ${URI}`, ...V1 };
    const rest = await http.post('/a2a/message:send', message('m-2'), headers);
    expect([rest.status, rest.headers.get('a2a-extensions')]).toEqual([200, URI]);
    const call = (method: string, params: object, more: Record<string, string>) =>
      http.post('/a2a', { jsonrpc: '2.0', id: 1, method, params }, more);
    expect((await call('SendMessage', message('m-3'), V1)).body).toMatchObject({ error: { code: -32008 } });
    const rpc = await call('SendMessage', message('m-4'), headers);
    expect([rpc.body['error'], rpc.headers.get('a2a-extensions')]).toEqual([undefined, URI]);
    const older = { message: { messageId: 'm-5', role: 'user', parts: [{ kind: 'text', text: 'x' }] } };
    expect((await call('message/send', older, {})).body).not.toHaveProperty('error');
  });

  test('streams are refused in every binding', async () => {
    const headers = { 'a2a-extensions': URI, ...V1 };
    const stream = await http.post('/a2a/message:stream', message('m-6'), headers);
    expect([stream.status, JSON.stringify(stream.body)]).toEqual([
      400,
      expect.stringContaining('UNSUPPORTED_OPERATION'),
    ]);
    const body = { jsonrpc: '2.0', id: 1, method: 'SendStreamingMessage', params: message('m-7') };
    expect((await http.post('/a2a', body, headers)).body).toMatchObject({ error: { code: -32004 } });
    expect((await http.get('/a2a/tasks/x:subscribe', headers)).status).toBe(400);
  });
});
