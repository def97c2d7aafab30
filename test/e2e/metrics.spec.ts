import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { parsePrometheus, total, type PrometheusSample } from '../support/prometheus.js';
import { rawHttp } from '../support/raw-http.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** GET /metrics, as Prometheus reads it. */

afterEach(() => closeAllBots());

async function scrape(gateway: GatewayProcess): Promise<PrometheusSample[]> {
  const response = await fetch(`${gateway.httpUrl}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parsePrometheus(await response.text());
}

const gauge = (name: string): string => `agent_gateway_${name}`;

test('counts tasks, agents, streams, requests and commits', async () => {
  const gateway = await GatewayProcess.start();
  const http = new Orchestrator(gateway.httpUrl);
  const bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'worker',
    skills: ['work'],
    behaviour: silent,
    maxConcurrency: 2,
  });
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push((await http.submit({ skill: 'work' })).task_id);
  await bot.report(ids[0]!, { status: 'running' });
  const stream = await http.stream(ids[0]!);

  const busy = await scrape(gateway);
  expect(total(busy, gauge('tasks_submitted_total'))).toBe(4);
  expect(total(busy, gauge('tasks_open'), { state: 'running' })).toBe(1);
  expect(total(busy, gauge('tasks_open'), { state: 'queued' })).toBe(3);
  expect(total(busy, gauge('queue_depth'))).toBe(2);
  expect(total(busy, gauge('agents'), { kind: 'bot' })).toBe(1);
  expect(total(busy, gauge('agent_load'))).toBe(2);
  expect(total(busy, gauge('agent_capacity'))).toBe(2);
  expect(total(busy, gauge('streams'))).toBe(1);
  expect(total(busy, gauge('storage_available'))).toBe(1);
  expect(total(busy, gauge('storage_commit_seconds_count'))).toBeGreaterThan(0);
  expect(total(busy, gauge('http_request_seconds_count'), { route: '/tasks', status: '200' })).toBe(4);
  expect(busy.some(({ name }) => name === 'nodejs_eventloop_lag_p99_seconds')).toBe(true);
  expect(total(busy, gauge('build_info'))).toBe(1);

  await bot.complete(ids[0]!, { text: 'done' });
  await bot.report(ids[1]!, { status: 'failed', error: 'boom' });
  await http.cancel(ids[2]!);
  await http.cancel(ids[3]!);
  await stream.toEnd();
  await eventually(async () => total(await scrape(gateway), gauge('agent_load')) === 0);

  const rest = await scrape(gateway);
  expect(total(rest, gauge('tasks_open'))).toBe(0);
  expect(total(rest, gauge('tasks_ended_total'), { outcome: 'completed' })).toBe(1);
  expect(total(rest, gauge('tasks_ended_total'), { outcome: 'failed', code: 'AGENT_FAILED' })).toBe(1);
  expect(total(rest, gauge('tasks_ended_total'), { outcome: 'canceled' })).toBe(2);
  expect(total(rest, gauge('task_seconds_count'))).toBe(4);
  expect(total(rest, gauge('task_run_seconds_count'), { outcome: 'completed' })).toBe(1);
  await eventually(async () => total(await scrape(gateway), gauge('streams')) === 0);
});

test('after a restart open tasks are counted as open, and not as submitted again', async () => {
  const gateway = await GatewayProcess.start();
  const http = new Orchestrator(gateway.httpUrl);
  for (let i = 0; i < 3; i++) await http.submit({ skill: 'work', wait_for_agent: true });
  await gateway.kill9();
  await gateway.restart();
  const samples = await scrape(gateway);
  expect(total(samples, gauge('tasks_open'))).toBe(3);
  expect(total(samples, gauge('queue_depth'))).toBe(3);
  expect(total(samples, gauge('tasks_submitted_total'))).toBe(0);
});

test('hostile paths, methods, skills and names add no label and no line', async () => {
  const gateway = await GatewayProcess.start();
  const http = new Orchestrator(gateway.httpUrl);
  const port = Number(new URL(gateway.httpUrl).port);
  const bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'name-of-a-bot',
    skills: ['name-of-a-skill'],
    behaviour: silent,
  });
  const { task_id } = await http
    .submit({ skill: 'name-of-a-skill', namespace: 'name-of-a-tenant' })
    .catch(() => http.submit({ skill: 'name-of-a-skill' }));
  for (let i = 0; i < 50; i++) await http.get(`/nowhere/${i}"}\n`);
  await rawHttp(port, 'PURGE /tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await http.get(`/tasks/${task_id}`);
  const text = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  const samples = parsePrometheus(text);
  expect(total(samples, gauge('http_request_seconds_count'), { route: 'none', status: '404' })).toBe(51);
  expect(total(samples, gauge('http_request_seconds_count'), { method: 'other' })).toBe(1);
  for (const word of ['nowhere', 'name-of-a-', task_id, bot.name]) expect(text).not.toContain(word);
  const routes = new Set(samples.map(({ labels }) => labels['route']).filter((route) => route !== undefined));
  expect([...routes].sort()).toEqual(
    ['/metrics', '/tasks', '/tasks/:id', 'none'].filter((r) => routes.has(r)),
  );
});

describe('who may read it', () => {
  const TOKEN = 'a-token-for-prometheus';
  const status = (gateway: GatewayProcess, token?: string): Promise<number> =>
    new Orchestrator(gateway.httpUrl, token).get('/metrics').then((answer) => answer.status);

  test('with auth on: the configured token, and no tenant', async () => {
    const gateway = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_METRICS_TOKEN: TOKEN } });
    expect(await status(gateway, TOKEN)).toBe(200);
    expect(await status(gateway)).toBe(401);
    expect(await status(gateway, `${TOKEN}x`)).toBe(401);
    expect(await status(gateway, tokenFor('production', { scope: 'admin' }))).toBe(401);
  });

  test('with auth on and no token configured: nobody', async () => {
    const gateway = await GatewayProcess.start({ env: AUTH_ON });
    expect(await status(gateway)).toBe(401);
    expect(await status(gateway, tokenFor('production', { scope: 'admin' }))).toBe(401);
  });

  test('with auth off a configured token is asked for all the same', async () => {
    const gateway = await GatewayProcess.start({ env: { GATEWAY_METRICS_TOKEN: TOKEN } });
    expect(await status(gateway)).toBe(401);
    expect(await status(gateway, TOKEN)).toBe(200);
  });
});
