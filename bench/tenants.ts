import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './load.js';
import { alternate, inTurn, median, startTarget, stopTarget, USERS, type Pair } from './measure.js';
import { Flood, Server } from './processes.js';
import type { Row, Table } from './report.js';
import { by, plan, type Settings } from './settings.js';

/** What the audit costs, and what a greedy tenant costs another. */

/** `POST /tasks` by a gateway that records each submission in its audit log, and by one that does not. */
export async function audit(settings: Settings): Promise<Table> {
  const without = { env: { GATEWAY_AUDIT_TASKS: 'false' } };
  const pair: Pair = [await startTarget('gateway', without), await startTarget('gateway')];
  const samples = await alternate(pair, 'post', plan(settings));
  for (const each of pair) await stopTarget(each);
  const cpu = {
    ...by('CPU per task', 'µs', 'cpuUs', samples),
    target: { of: 'ratio', limit: 1.05 } as const,
  };
  const rows = [cpu, by('tasks', '1/s', 'perSecond', samples), by('p99', 'ms', 'p99', samples)];
  return {
    title: `Audit of submissions (POST /tasks only, ${USERS} concurrent)`,
    columns: ['off', 'on'],
    rows,
  };
}

const SECRET = 'a secret of the benchmark, at least 32 bytes';
/** Requests per second that each tenant may make. */
const QUOTA = 200;
/** How much more than that the greedy one tries. */
const GREED = 10;
/** Requests per second of the modest one. */
const PACE = 100;

/** p99 of a tenant within its quota, alone and while another tries ten times its own. */
export async function fairness({ quick }: Settings): Promise<Table> {
  const env = {
    GATEWAY_AUTH_MODE: 'jwt',
    GATEWAY_AUTH_JWT_SECRET: SECRET,
    GATEWAY_LIMITS_RATE: `${QUOTA}/s`,
    GATEWAY_LIMITS_NAMESPACE_RATE: `${QUOTA}/s`,
  };
  const server = await Server.start('gateway', { env });
  const requests = quick ? 500 : 2_000;
  const [alone, beside] = await inTurn(
    [{ greedy: false }, { greedy: true }],
    { rounds: quick ? 3 : 7, tasks: requests, warmUp: requests },
    ({ greedy }, count) => besideGreed(server, greedy, () => p99AtPace(server.http, count)),
  );
  await server.stop();
  const ratios = beside.map((value, i) => value / alone[i]!);
  const row: Row = {
    name: 'p99 of the modest one',
    unit: 'ms',
    base: median(alone),
    value: median(beside),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    target: { of: 'ratio', limit: 2 },
  };
  const title = `Two tenants (GET /tasks at ${PACE}/s; the other at ${GREED} times its quota of ${QUOTA}/s)`;
  return { title, columns: ['alone', 'beside'], rows: [row] };
}

async function besideGreed(server: Server, greedy: boolean, measure: () => Promise<number>): Promise<number> {
  if (!greedy) return measure();
  const flood = await Flood.start(server, tokenFor('greedy'), QUOTA * GREED);
  try {
    return await measure();
  } finally {
    await flood.stop();
  }
}

/** Sends at its own pace, whenever the answers come: a slow answer delays none of those after it. */
async function p99AtPace(port: number, count: number): Promise<number> {
  const idle: Client[] = [];
  const header = `Authorization: Bearer ${tokenFor('modest')}\r\n`;
  const latencies: Promise<number>[] = [];
  const begin = performance.now();
  for (let i = 0; i < count; i++) {
    await sleep(Math.max(0, begin + (i * 1_000) / PACE - performance.now()));
    const client = idle.pop() ?? new Client(port);
    latencies.push(timed(client, header).finally(() => idle.push(client)));
  }
  const sorted = (await Promise.all(latencies)).sort((one, other) => one - other);
  for (const client of idle) client.close();
  return sorted[Math.floor(sorted.length * 0.99)]!;
}

async function timed(client: Client, header: string): Promise<number> {
  const begin = performance.now();
  const { status, body } = await client.get('/tasks', header);
  if (status !== 200) throw new Error(`a request within the quota answered ${status}: ${body}`);
  return performance.now() - begin;
}

function tokenFor(namespace: string): string {
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const claims = { sub: namespace, namespace, iss: 'gateway-auth', exp };
  const text = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}
