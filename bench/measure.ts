import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, verify, type Door } from './load.js';
import { Bots, Server, type Kind, type ServerOptions } from './processes.js';

export const BOTS = 16;
export const USERS = 64;
const VERIFIED = 500;
/** Milliseconds after which a round is given up. */
export const PATIENCE = 120_000;

/** A server with its bots. */
export interface Target {
  server: Server;
  bots: Bots;
}

export async function startTarget(kind: Kind, options?: ServerOptions): Promise<Target> {
  const server = await Server.start(kind, options);
  return { server, bots: await Bots.connect(server, BOTS) };
}

export async function stopTarget({ server, bots }: Target): Promise<void> {
  await bots.stop();
  await server.stop();
}

/** One round of load on one server. */
export interface Sample {
  cpuUs: number;
  perSecond: number;
  p50: number;
  p99: number;
}

/** The window ends when the server has finished the last task, so that work done after the response counts too. */
async function round({ server, bots }: Target, door: Door, count: number): Promise<Sample> {
  const goal = (await bots.done()) + count;
  const cpu = server.cpuSeconds();
  const begin = performance.now();
  const { ids, latencies } = await within(PATIENCE, 'the load', runLoad(server.http, door, count, USERS));
  await until('all tasks have reached a bot', async () => (await bots.done()) >= goal);
  await until('all agents are idle', async () => (await totalLoad(server)) === 0);
  // An agent's slot may be free before its last result is on disk, and only what is on disk shows.
  await until('the last tasks are completed', () => allCompleted(server, ids.slice(-USERS)));
  const seconds = (performance.now() - begin) / 1000;
  const cpuUs = ((server.cpuSeconds() - cpu) / count) * 1e6;
  await verify(server.http, ids.slice(-VERIFIED));
  return {
    cpuUs,
    perSecond: count / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

/** @throws Error when it takes longer than `ms`. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = sleep(ms, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`${what} has not ended within ${ms / 1000} s`);
  });
  return Promise.race([work, late]).finally(() => {
    late.catch(() => undefined);
    stop.abort();
  });
}

export async function until(what: string, reached: () => Promise<boolean>): Promise<void> {
  for (const begin = performance.now(); !(await reached()); await sleep(10))
    if (performance.now() - begin > PATIENCE)
      throw new Error(`after ${PATIENCE / 1000} s still not: ${what}`);
}

async function allCompleted(server: Server, ids: readonly string[]): Promise<boolean> {
  return verify(server.http, ids).then(
    () => true,
    () => false,
  );
}

async function totalLoad(server: Server): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.http}/agents`);
  const { agents } = (await response.json()) as { agents: { load: number }[] };
  if (agents.length !== BOTS) throw new Error(`${agents.length} of ${BOTS} bots are listed`);
  return agents.reduce((sum, agent) => sum + agent.load, 0);
}

export const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Plan {
  rounds: number;
  /** Tasks per round and server. */
  tasks: number;
  /** Tasks per server before the first round. */
  warmUp: number;
}

export type Pair = readonly [base: Target, value: Target];

export const alternate = (pair: Pair, door: Door, plan: Plan): Promise<[Sample[], Sample[]]> =>
  inTurn(pair, plan, (target, count) => round(target, door, count));

/** Loads both sides in turn, the one that begins alternating, so that drift of the machine cancels out. */
export async function inTurn<Side, Result>(
  pair: readonly [base: Side, value: Side],
  { warmUp, rounds, tasks }: Plan,
  measure: (side: Side, count: number) => Promise<Result>,
): Promise<[Result[], Result[]]> {
  const samples: [Result[], Result[]] = [[], []];
  for (const side of pair) await measure(side, warmUp);
  for (let turn = 0; turn < rounds; turn++)
    for (const side of turn % 2 ? ([1, 0] as const) : ([0, 1] as const))
      samples[side].push(await measure(pair[side], tasks));
  return samples;
}

/** RSS in KB, the median of the last five seconds after `seconds` of rest. */
export async function settledRss(server: Server, seconds: number): Promise<number> {
  await sleep(Math.max(0, seconds - 5) * 1000);
  const samples: number[] = [];
  for (let i = 0; i < 10; i++) {
    await sleep(500);
    samples.push(server.rssKb());
  }
  return median(samples);
}
