import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Door } from './load.js';
import { alternate, BOTS, median, settledRss, startTarget, stopTarget, USERS } from './measure.js';
import type { Pair } from './measure.js';
import { Bots, Server, TEMP, type Kind } from './processes.js';
import type { Row, Table } from './report.js';
import { by, plan, type Settings } from './settings.js';
import { a2aSend, chunks, subscribers } from './a2a.js';
import { routing } from './routing.js';
import { audit, fairness } from './tenants.js';
import { fillByRunning, multiply } from './stored.js';
import { sensorDay, telemetry } from './telemetry.js';

export type { Settings } from './settings.js';

interface Scenario {
  about: string;
  run(settings: Settings): Promise<Table | undefined>;
}

const load = (door: Door, title: string, target?: Row['target']): Scenario => ({
  about: title,
  async run(settings) {
    const { contender, cpuProf } = settings;
    const pair: Pair = [await startTarget('relay'), await startTarget(contender, { cpuProf })];
    const samples = await alternate(pair, door, plan(settings));
    for (const each of pair) await stopTarget(each);
    const rows = [
      { ...by('CPU per task', 'µs', 'cpuUs', samples), ...(target && { target }) },
      by('tasks', '1/s', 'perSecond', samples),
      by('p50', 'ms', 'p50', samples),
      by('p99', 'ms', 'p99', samples),
    ];
    return { title: `${title} (${BOTS} bots, ${USERS} concurrent)`, columns: ['relay', contender], rows };
  },
});

/** Growth of resident memory per registered, idle bot, in KB. */
async function memoryPerBot(kind: Kind, count: number, rest: number): Promise<number> {
  const server = await Server.start(kind);
  const before = await settledRss(server, 5);
  const bots = await Bots.connect(server, count);
  const after = await settledRss(server, rest);
  await bots.done();
  await bots.stop();
  await server.stop();
  return (after - before) / count;
}

/** As many bots as the open-file limit allows, with room for the rest of a process. */
function affordable(wanted: number): number {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })) || Infinity;
  if (wanted + 200 <= limit) return wanted;
  console.log(
    `only ${limit - 200} of ${wanted} idle bots: the open-file limit is ${limit} (raise it by ulimit -n)`,
  );
  return limit - 200;
}

const idleBots: Scenario = {
  about: 'memory per idle bot',
  async run({ contender, idleBots, quick }) {
    const count = affordable(idleBots);
    const rest = quick ? 6 : 30;
    const [base, value] = await Promise.all([
      memoryPerBot('relay', count, rest),
      memoryPerBot(contender, count, rest),
    ]);
    const target = { of: 'value', limit: 16 } as const;
    const rows: Row[] = [{ name: 'RSS per bot', unit: 'KB', base, value, target }];
    return { title: `Idle bots (${count.toLocaleString('en')})`, columns: ['relay', contender], rows };
  },
};

/** Seconds from spawn to readiness, median of `times`. */
async function startTime(kind: Kind, times: number): Promise<number> {
  const ready: number[] = [];
  for (let i = 0; i < times; i++) {
    const server = await Server.start(kind);
    ready.push(server.readyMs / 1000);
    await server.stop();
  }
  return median(ready);
}

async function idleMb(kind: Kind): Promise<number> {
  const server = await Server.start(kind);
  const kb = await settledRss(server, 5);
  await server.stop();
  return kb / 1024;
}

const start: Scenario = {
  about: 'start time and idle memory',
  async run({ contender, quick }) {
    const times = quick ? 3 : 5;
    const [base, value] = [await startTime('relay', times), await startTime(contender, times)];
    const [baseMb, valueMb] = await Promise.all([idleMb('relay'), idleMb(contender)]);
    const rows: Row[] = [
      { name: 'ready after spawn', unit: 's', base, value, target: { of: 'value', limit: 1.5 } },
      { name: 'idle RSS', unit: 'MB', base: baseMb, value: valueMb, target: { of: 'value', limit: 150 } },
    ];
    return { title: 'Start', columns: ['relay', contender], rows };
  },
};

const stored: Scenario = {
  about: 'cost per task with few and many stored tasks',
  async run(settings) {
    if (settings.contender === 'relay') return undefined;
    const counts = [1_000, settings.quick ? 100_000 : 1_000_000] as const;
    const files = counts.map((count) => join(TEMP, `stored-${count}.db`)) as [string, string];
    await fillByRunning(files[0]);
    multiply(files[0], files[1], counts[1]);
    const pair: Pair = [
      await startTarget('gateway', { database: files[0] }),
      await startTarget('gateway', { database: files[1] }),
    ];
    const samples = await alternate(pair, 'sse', plan(settings));
    for (const each of pair) await stopTarget(each);
    const [few, many] = counts.map((count) => `${count.toLocaleString('en')} stored`) as [string, string];
    const rows = [
      { ...by('CPU per task', 'µs', 'cpuUs', samples), target: { of: 'ratio', limit: 1.2 } as const },
      by('p50', 'ms', 'p50', samples),
      by('p99', 'ms', 'p99', samples),
    ];
    return { title: 'Stored tasks (POST + SSE)', columns: [few, many], rows };
  },
};

export const SCENARIOS: Record<string, Scenario> = {
  sse: load('sse', 'POST /tasks + SSE to the terminal event', { of: 'ratio', limit: 2.5, wish: 1.5 }),
  post: load('post', 'POST /tasks only'),
  jsonrpc: load('jsonrpc', 'JSON-RPC tasks/send only'),
  'a2a-0.3': { about: 'A2A message/send (0.3), blocking', run: a2aSend('0.3') },
  'a2a-1.0': { about: 'A2A SendMessage (1.0), blocking', run: a2aSend('1.0') },
  chunks: { about: 'A2A stream of one artifact in many chunks', run: chunks },
  subscribers: { about: 'A2A, a thousand subscribers of one task', run: subscribers },
  bots: idleBots,
  routing: {
    about: 'one routing decision at 10 / 1,000 / 10,000 agents',
    run: async (settings) => (settings.contender === 'relay' ? undefined : routing(settings.quick)),
  },
  audit: {
    about: 'POST /tasks with and without the audit log',
    run: async (settings) => (settings.contender === 'relay' ? undefined : audit(settings)),
  },
  fairness: {
    about: 'p99 of a tenant while another tries ten times its quota',
    run: async (settings) => (settings.contender === 'relay' ? undefined : fairness(settings)),
  },
  stored,
  telemetry: {
    about: 'data of sensors by HTTP against bare inserts into the same tables',
    run: async (settings) => (settings.contender === 'relay' ? undefined : telemetry(settings)),
  },
  'sensor-day': {
    about: 'a day of one sensor among a day and among 10 million points (--quick: a million)',
    run: async (settings) => (settings.contender === 'relay' ? undefined : sensorDay(settings)),
  },
  start,
};
