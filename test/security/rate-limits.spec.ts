import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Answer } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** How much a caller may ask for. Windows are a minute where the count matters, so that none ends within a test. */

const starts = (env: Record<string, string>): Promise<GatewayProcess> => GatewayProcess.start({ env });
const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status);

async function times(count: number, ask: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < count; i++) answers.push(await ask());
  return answers;
}

describe('requests per caller', () => {
  let gateway: GatewayProcess;
  let next = 0;
  const aCaller = (): Orchestrator =>
    new Orchestrator(gateway.httpUrl, tokenFor('production', { sub: `caller-${next++}` }));

  beforeAll(async () => {
    gateway = await starts({ ...AUTH_ON, GATEWAY_LIMITS_RATE: '5/m' });
  });

  test('the answers tell what is left; over the limit: 429 with Retry-After', async () => {
    const caller = aCaller();
    const [first, second, , , , sixth] = await times(6, () => caller.get('/agents'));
    expect(first!.status).toBe(200);
    expect(first!.headers.get('ratelimit-policy')).toBe('"caller";q=5;w=60');
    expect(first!.headers.get('ratelimit')).toMatch(/^"caller";r=4;t=\d+$/);
    expect(second!.headers.get('ratelimit')).toMatch(/^"caller";r=3;t=\d+$/);
    expect(sixth!.status).toBe(429);
    expect(sixth!.headers.get('ratelimit')).toMatch(/^"caller";r=0;t=\d+$/);
    expect(Number(sixth!.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(sixth!.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(sixth!.body).toMatchObject({ code: 'RATE_LIMITED', error: 'too many requests' });
  });

  test('a caller over the limit costs another nothing', async () => {
    const [greedy, modest] = [aCaller(), aCaller()];
    await times(7, () => greedy.get('/agents'));
    expect((await greedy.get('/agents')).status).toBe(429);
    expect((await modest.get('/agents')).status).toBe(200);
  });

  test('a refused submission is not taken in', async () => {
    const caller = aCaller();
    await times(5, () => caller.get('/agents'));
    const body = { skill: 'work', instruction: 'never', wait_for_agent: true };
    expect((await caller.request('POST', '/tasks', body)).status).toBe(429);
    expect((await aCaller().get('/tasks')).body['tasks']).toEqual([]);
  });

  test('every entry of a JSON-RPC batch is a request', async () => {
    const caller = aCaller();
    const batch = (size: number): object[] =>
      Array.from({ length: size }, (_, id) => ({ jsonrpc: '2.0', id, method: 'agents/list' }));
    const send = (size: number): Promise<Answer> => caller.request('POST', '/jsonrpc', batch(size));
    expect(statuses([await send(3), await send(3), await send(1)])).toEqual([200, 429, 429]);
  });

  test('health is not counted', async () => {
    const answers = await times(10, () => aCaller().get('/health'));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(answers[0]!.headers.has('ratelimit')).toBe(false);
  });

  test('a wrong token is 401, not counted for anybody', async () => {
    const stranger = new Orchestrator(gateway.httpUrl, 'no.such.token');
    expect(new Set(statuses(await times(10, () => stranger.get('/agents'))))).toEqual(new Set([401]));
    expect((await aCaller().get('/agents')).status).toBe(200);
  });
});

test('requests per namespace: its callers share them, another namespace has its own', async () => {
  const gateway = await starts({
    ...AUTH_ON,
    GATEWAY_LIMITS_RATE: '3/m',
    GATEWAY_LIMITS_NAMESPACE_RATE: '5/m',
  });
  const ask = (namespace: string, sub: string, count: number): Promise<Answer[]> => {
    const caller = new Orchestrator(gateway.httpUrl, tokenFor(namespace, { sub }));
    return times(count, () => caller.get('/agents'));
  };
  // The fourth of the first caller is refused as his own, and costs the namespace nothing.
  expect(statuses(await ask('one', 'a', 4))).toEqual([200, 200, 200, 429]);
  expect(statuses(await ask('one', 'b', 3))).toEqual([200, 200, 429]);
  const [last] = await ask('one', 'c', 1);
  expect(last!.status).toBe(429);
  expect(last!.headers.get('ratelimit')).toMatch(/^"caller";r=2;t=\d+, "namespace";r=0;t=\d+$/);
  expect(statuses(await ask('two', 'a', 3))).toEqual([200, 200, 200]);
});

test('without auth a caller is his address', async () => {
  const gateway = await starts({ GATEWAY_LIMITS_RATE: '2/m', GATEWAY_HTTP_TRUST_PROXY: '1' });
  const http = new Orchestrator(gateway.httpUrl);
  const from = (address: string): Promise<Answer> => http.get('/agents', { 'x-forwarded-for': address });
  expect(statuses(await times(3, () => from('192.0.2.1')))).toEqual([200, 200, 429]);
  expect((await from('192.0.2.2')).status).toBe(200);
});

test('a bot over its allowance is read more slowly: every report is answered, in order, and it stays', async () => {
  const gateway = await starts({ GATEWAY_LIMITS_FRAME_RATE: '20/s' });
  const bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'talker',
    skills: ['work'],
    behaviour: silent,
  });
  const ids = Array.from({ length: 70 }, (_, i) => `pong-${i}`);
  for (const id of ids) bot.send({ jsonrpc: '2.0', method: 'x-agent/pong', id });
  await eventually(() => Promise.resolve(bot.received.some(({ frame: { id } }) => id === 'pong-69')));
  expect(bot.received.map(({ frame }) => frame.id).filter((id) => String(id).startsWith('pong-'))).toEqual(
    ids,
  );
  expect(await new Orchestrator(gateway.httpUrl).agents()).toHaveLength(1);
  await closeAllBots();
});
