import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import type { EventReader } from '../support/event-reader.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Answer } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** What a namespace may have at once; another namespace has its own. */

const A_TASK = { skill: 'later', instruction: 'x', wait_for_agent: true };
let gateway: GatewayProcess;
const caller = (namespace: string): Orchestrator => new Orchestrator(gateway.httpUrl, tokenFor(namespace));
const starts = async (quotas: Record<string, string>): Promise<void> => {
  gateway = await GatewayProcess.start({ env: { ...AUTH_ON, ...quotas } });
};
afterEach(() => closeAllBots());

function expectRefused({ status, body, headers }: Answer, what: string): void {
  expect([status, body['code'], body['detail']]).toEqual([429, 'RATE_LIMITED', what]);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

test('open tasks: one ends, one may come; those of before a crash count', async () => {
  await starts({ GATEWAY_QUOTAS_TASKS: '3' });
  const one = caller('one');
  const answers = await Promise.all(Array.from({ length: 8 }, () => one.post('/tasks', A_TASK)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
  expectRefused(
    answers.find(({ status }) => status !== 200)!,
    'this namespace has its 3 open tasks',
  );
  expect((await caller('two').post('/tasks', A_TASK)).status).toBe(200);
  const [first] = answers.filter(({ status }) => status === 200);
  await one.cancel(String(first!.body['task_id']));
  expect((await one.post('/tasks', A_TASK)).status).toBe(200);
  expect((await one.post('/tasks', A_TASK)).status).toBe(429);
  await gateway.kill9();
  await gateway.restart();
  expect((await one.post('/tasks', A_TASK)).status).toBe(429);
  expect((await one.rpc('tasks/send', A_TASK)).body['error']).toMatchObject({
    data: { reason: 'RATE_LIMITED' },
  });
});

test('a refused submission takes no place, and neither does a repeat', async () => {
  await starts({ GATEWAY_QUOTAS_TASKS: '2' });
  const one = caller('one');
  for (let i = 0; i < 5; i++) {
    expect((await one.post('/tasks', { skill: 'nobody', instruction: 'x' })).status).toBe(503);
    expect((await one.post('/tasks', A_TASK, { 'idempotency-key': 'same' })).status).toBe(200);
  }
  expect((await one.post('/tasks', A_TASK)).status).toBe(200);
});

test('agents online: one leaves, one may come; the same one again is no other', async () => {
  await starts({ GATEWAY_QUOTAS_AGENTS: '2' });
  const bot = (name: string, namespace = 'one'): Promise<TestBot> =>
    TestBot.connect({
      url: gateway.botUrl,
      name,
      skills: ['work'],
      namespace,
      token: tokenFor(namespace),
      behaviour: silent,
    });
  const [first] = [await bot('a'), await bot('b')];
  await expect(bot('c')).rejects.toThrow('-32010');
  await bot('a', 'two');
  await bot('b');
  await first.close();
  await eventually(async () => (await caller('one').agents()).length === 1);
  await bot('c');
  await expect(bot('d')).rejects.toThrow('-32010');
});

test('event streams: one ends, one may come', async () => {
  await starts({ GATEWAY_QUOTAS_STREAMS: '2' });
  const one = caller('one');
  const { task_id: id } = await one.submit(A_TASK);
  const readers: EventReader[] = [await one.stream(id), await one.stream(id)];
  expectRefused(await one.get(`/tasks/${id}/stream`), 'this namespace has its 2 event streams');
  const other = await caller('two').submit(A_TASK);
  await (await caller('two').stream(other.task_id)).until('queued');
  // What is refused for another reason gives its place back.
  await one.cancel(id);
  for (const reader of readers) await reader.toEnd();
  for (let i = 0; i < 4; i++) expect((await one.get('/tasks/t-unknown/stream')).status).toBe(404);
  for (let i = 0; i < 4; i++) expect((await one.get(`/tasks/${id}/stream`)).status).toBe(200);
});
