import { request } from 'node:http';
import { inTurns, type Client } from './load.js';
import { BOTS, inTurn, median, PATIENCE, percentile, until, USERS, within, type Sample } from './measure.js';
import { Bots, Server, type Kind } from './processes.js';
import type { Row, Table } from './report.js';
import { by, plan, type Settings } from './settings.js';

/*
 * The gateway as an A2A agent against the official SDK's own server (sdk-server.ts): there the agent runs in the same
 * process and the store is memory; here every task goes to a bot over WebSocket and every step to the disk.
 */
type Version = '0.3' | '1.0';

/** A server and its agents; the SDK's has them inside. */
interface Side {
  server: Server;
  bots: Bots | undefined;
}

async function open(kind: Kind, cpuProf?: string): Promise<Side> {
  const server = await Server.start(kind, { cpuProf });
  return { server, bots: kind === 'sdk' ? undefined : await Bots.connect(server, BOTS) };
}

async function close({ server, bots }: Side): Promise<void> {
  await bots?.stop();
  await server.stop();
}

/** Held tasks go on. */
async function go({ server, bots }: Side): Promise<void> {
  if (bots) bots.go();
  else await fetch(`http://127.0.0.1:${server.http}/go`, { method: 'POST' });
}

const INSTRUCTION = 'Summarize: artificial intelligence changes the world, one benchmark after another.';

function call(version: Version, method: { '0.3': string; '1.0': string }, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: method[version], params });
}

function send(version: Version, stream: boolean, text: string): string {
  const method = stream
    ? { '0.3': 'message/stream', '1.0': 'SendStreamingMessage' }
    : { '0.3': 'message/send', '1.0': 'SendMessage' };
  const metadata = { skill: 'summarize' };
  const messageId = crypto.randomUUID();
  const message =
    version === '1.0'
      ? { messageId, role: 'ROLE_USER', parts: [{ text }], metadata }
      : { kind: 'message', messageId, role: 'user', parts: [{ kind: 'text', text }], metadata };
  return call(version, method, { message });
}

const versionHeader = (version: Version): string => `A2A-Version: ${version}\r\n`;

/** One blocking send. @throws Error unless it brings the finished task with its own result. */
async function sendOne(client: Client, version: Version): Promise<string> {
  const { status, body } = await client.post(
    '/a2a',
    send(version, false, INSTRUCTION),
    versionHeader(version),
  );
  const id = /"id":"([\w-]{30,})"/.exec(body)?.[1];
  const done = version === '1.0' ? '"TASK_STATE_COMPLETED"' : '"state":"completed"';
  if (status !== 200 || !id || !body.includes(done) || !body.includes(`result of ${id}`))
    throw new Error(`send (${version}) answered ${status}: ${body}`);
  return id;
}

async function sendRound({ server }: Side, version: Version, count: number): Promise<Sample> {
  const cpu = server.cpuSeconds();
  const begin = performance.now();
  const load = inTurns(server.http, count, USERS, (client) => sendOne(client, version));
  const { latencies } = await within(PATIENCE, 'the load', load);
  return {
    cpuUs: ((server.cpuSeconds() - cpu) / count) * 1e6,
    perSecond: count / ((performance.now() - begin) / 1000),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

/** Blocking sends through the gateway to bots, against the SDK's server. */
export const a2aSend =
  (version: Version) =>
  async (settings: Settings): Promise<Table | undefined> => {
    if (settings.contender === 'relay') return undefined;
    const pair = [await open('sdk'), await open('gateway', settings.cpuProf)] as const;
    const samples = await inTurn(pair, plan(settings), (side, count) => sendRound(side, version, count));
    for (const side of pair) await close(side);
    const method = version === '1.0' ? 'SendMessage (A2A 1.0)' : 'message/send (A2A 0.3)';
    return {
      title: `${method}, blocking (${BOTS} bots, ${USERS} concurrent)`,
      columns: ['SDK server, in memory', 'gateway, durable'],
      rows: [
        {
          ...by('CPU per task', 'µs', 'cpuUs', samples),
          target: { of: 'ratio', limit: 1, wish: 0.7 },
        },
        by('tasks', '1/s', 'perSecond', samples),
        by('p50', 'ms', 'p50', samples),
        by('p99', 'ms', 'p99', samples),
      ],
    };
  };

/** An event stream, read to its end; `onEvent` sees the data of each event. */
function follow(server: Server, body: string, onEvent: (data: string) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', 'a2a-version': '1.0' };
  const options = {
    host: '127.0.0.1',
    port: server.http,
    path: '/a2a',
    method: 'POST',
    headers,
    agent: false,
  };
  const req = request(options, (res) => {
    let rest = '';
    res.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data:')) onEvent(line);
    });
    res.on('end', resolve).on('error', reject);
  });
  req.on('error', reject).end(body);
  return promise;
}

/** Microseconds of the server's CPU time per chunk, for one streamed task of `count` chunks; median of `times`. */
async function perChunk({ server }: Side, count: number, times: number): Promise<number> {
  const costs: number[] = [];
  for (let i = 0; i < times; i++) {
    let pieces = 0;
    const cpu = server.cpuSeconds();
    await within(
      PATIENCE,
      `a stream of ${count} chunks`,
      follow(server, send('1.0', true, `chunks ${count}`), (data) => {
        if (data.includes('"artifactUpdate"')) pieces++;
      }),
    );
    if (pieces !== count) throw new Error(`${pieces} of ${count} chunks came (${server.kind})`);
    costs.push(((server.cpuSeconds() - cpu) / count) * 1e6);
  }
  return median(costs);
}

const FEW = 200;
const MANY = 2_000;

/** Whether a chunk costs the same in a long stream as in a short one. */
export async function chunks(settings: Settings): Promise<Table | undefined> {
  if (settings.contender === 'relay') return undefined;
  const times = settings.quick ? 5 : 15;
  const rows: Row[] = [];
  for (const kind of ['gateway', 'sdk'] as const) {
    const side = await open(kind, kind === 'gateway' ? settings.cpuProf : undefined);
    await perChunk(side, FEW, times);
    const base = await perChunk(side, FEW, times);
    const value = await perChunk(side, MANY, Math.ceil(times / 3));
    const target = kind === 'gateway' ? { target: { of: 'ratio', limit: 1.2 } as const } : {};
    rows.push({
      name: `${kind === 'sdk' ? 'SDK server' : kind}, CPU per chunk`,
      unit: 'µs',
      base,
      value,
      ...target,
    });
    await close(side);
  }
  return {
    title: 'SendStreamingMessage, one artifact in chunks',
    columns: [`${FEW} chunks`, `${MANY.toLocaleString('en')} chunks`],
    rows,
  };
}

const EVENTS = 100;

/** Microseconds of the server's CPU time per delivered event, one task's stream read by `readers`. */
async function fanOut(side: Side, readers: number): Promise<number> {
  const { server } = side;
  let id: string | undefined;
  let events = 0;
  const count = (data: string) => {
    id ??= /"id":"([\w-]{30,})"/.exec(data.slice(data.indexOf('"result"')))?.[1];
    if (data.includes('"artifactUpdate"')) events++;
  };
  const first = follow(server, send('1.0', true, `hold ${EVENTS}`), count);
  await until('the task is there', () => Promise.resolve(id !== undefined));
  let joined = 0;
  const others = Array.from({ length: readers - 1 }, () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SubscribeToTask', params: { id } });
    let seen = false;
    return follow(server, body, (data) => {
      if (!seen) joined++;
      seen = true;
      count(data);
    });
  });
  await until('all have subscribed', () => Promise.resolve(joined === readers - 1));
  const cpu = server.cpuSeconds();
  await go(side);
  await within(PATIENCE, `the streams of ${readers} readers`, Promise.all([first, ...others]));
  if (events !== readers * EVENTS)
    throw new Error(`${events} of ${readers * EVENTS} events came (${server.kind})`);
  return ((server.cpuSeconds() - cpu) / events) * 1e6;
}

/** What it costs to tell one task's events to many. */
export async function subscribers(settings: Settings): Promise<Table | undefined> {
  if (settings.contender === 'relay') return undefined;
  const readers = settings.quick ? 300 : 1_000;
  const pair = [await open('sdk'), await open('gateway', settings.cpuProf)] as const;
  const runs = { warmUp: 50, rounds: settings.quick ? 1 : 3, tasks: readers };
  const [base, value] = await inTurn(pair, runs, fanOut);
  for (const side of pair) await close(side);
  return {
    title: `${readers.toLocaleString('en')} subscribers of one task, ${EVENTS} events each`,
    columns: ['SDK server, in memory', 'gateway, durable'],
    rows: [{ name: 'CPU per delivered event', unit: 'µs', base: median(base), value: median(value) }],
  };
}
