import { eventually } from '../support/eventually.js';
import type { EventReader } from '../support/event-reader.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { begin, closeAllBots, silent, TestBot, type Received } from '../support/test-bot.js';

/** What waits for timers. All bots begin at once and are looked at while they wait, so that the file takes as long as its longest wait. */

const PING = 500;
const DEAD = 1_500;
const TASK = 1_500;
const KEEP = 500;
const ENV = {
  GATEWAY_HEARTBEAT_INTERVAL: `${PING}ms`,
  GATEWAY_HEARTBEAT_TIMEOUT: `${DEAD}ms`,
  GATEWAY_TASKS_TIMEOUT: `${TASK}ms`,
  GATEWAY_TASKS_RECONNECT_GRACE: '0ms',
  GATEWAY_SSE_KEEPALIVE: `${KEEP}ms`,
};

let http: Orchestrator;
let url: string;
const bots: Record<string, TestBot> = {};
let startedAt: number;
const startTimes: Record<string, number> = {};
let idle: EventReader;
let idleTask: string;

/** A bot of its own skill, so that its task is its own. */
async function aBot(name: string, behaviour = silent, answers = false): Promise<TestBot> {
  startTimes[name] = performance.now();
  const bot = await TestBot.connect({ url, name, skills: [name], behaviour, answerPings: answers });
  return (bots[name] = bot);
}

const isPing = ({ frame }: Received): boolean => frame.method === 'x-agent/ping';

/** Answers every ping of a bot with this frame until its socket is gone. */
function answers(bot: TestBot, frame: unknown): void {
  void (async () => {
    for (let answered = 0; ; answered++) {
      await bot.until(() => bot.received.filter(isPing).length > answered || !bot.isOpen, 10 * PING);
      bot.send(frame);
    }
  })().catch(() => undefined);
}

/** When the bot's socket was closed, milliseconds after it was opened. */
const lifetime = (name: string): Promise<number> =>
  bots[name]!.expectClose(10_000).then(() => performance.now() - startTimes[name]!);

let deaf: Promise<number>;
let holder: { readonly id: string; readonly stream: EventReader; readonly died: Promise<number> };
let mute: { readonly id: string; readonly at: number; readonly stream: EventReader };

beforeAll(async () => {
  const gateway = await GatewayProcess.start({ env: ENV });
  url = gateway.botUrl;
  http = new Orchestrator(gateway.httpUrl);
  startedAt = performance.now();

  await aBot('deaf');
  deaf = lifetime('deaf');
  deaf.catch(() => undefined);

  await aBot('holder', begin);
  const held = await http.submit({ skill: 'holder', timeout_s: 60 });
  const died = lifetime('holder');
  died.catch(() => undefined);
  holder = { id: held.task_id, stream: await http.stream(held.task_id), died };

  await aBot('mute', silent, true);
  const at = performance.now();
  const muted = await http.submit({ skill: 'mute' });
  mute = { id: muted.task_id, at, stream: await http.stream(muted.task_id) };

  answers(await aBot('replies'), { jsonrpc: '2.0', id: 'ping', result: {} });
  answers(await aBot('pongs'), { jsonrpc: '2.0', method: 'x-agent/pong' });
  answers(await aBot('talks'), '{"no":"answer"}');

  await aBot('idle', silent, true);
  idleTask = (await http.submit({ skill: 'idle', timeout_s: 60 })).task_id;
  idle = await http.stream(idleTask);
});
afterAll(() => closeAllBots());

const names = async (): Promise<string[]> => (await http.agents()).map(({ name }) => name);

test('B113: a bot that answers nothing is closed and off every list, between DEAD and DEAD + PING + 1 s', async () => {
  const after = await deaf;
  expect(after).toBeGreaterThanOrEqual(DEAD);
  expect(after).toBeLessThanOrEqual(DEAD + PING + 1_000);
  expect(bots['deaf']!.closedWith?.code).toBe(4408);
  expect(await names()).not.toContain('deaf');
  const card = await http.get('/.well-known/agent.json');
  expect((card.body['skills'] as { id: string }[]).map(({ id }) => id)).not.toContain('deaf');
});

test('B114: its running task fails with it, and the error names it', async () => {
  await holder.died;
  const events = await holder.stream.toEnd(1_000);
  expect(events.map(({ event }) => event)).toEqual(['queued', 'running', 'failed']);
  expect(events.at(-1)?.data['error']).toContain('"holder"');
  expect(await http.task(holder.id)).toMatchObject({ status: 'failed', error_code: 'AGENT_LOST' });
});

test('B115: a task without any report fails by the clock; the bot is told and free again', async () => {
  const events = await mute.stream.toEnd(10_000);
  const last = events.at(-1)!;
  expect(last.event).toBe('failed');
  expect(last.data['error']).toContain('timeout');
  expect(last.at - mute.at).toBeGreaterThanOrEqual(TASK - 20); // the clock of the test began a moment later
  expect(last.at - mute.at).toBeLessThanOrEqual(TASK + PING + 1_000);
  await bots['mute']!.expectCancel(mute.id);
  expect(await http.agent('mute')).toMatchObject({ load: 0 });
});

test('B071: an idle stream gets a comment each period, and nothing else', async () => {
  await eventually(() => idle.comments.length >= 3, { timeoutMs: 3 * KEEP + 2_000 });
  expect(idle.names).toEqual(['queued']);
  expect(idle.comments.every((comment) => /^: ./.test(comment))).toBe(true);
  // At least one per period over the whole time, give or take the one that is just due.
  const periods = Math.floor((performance.now() - idle.firstByteAt!) / KEEP);
  expect(idle.comments.length).toBeGreaterThanOrEqual(periods - 1);
});

test('B110: pings come every interval, letter for letter', async () => {
  const bot = bots['replies']!;
  await bot.until(() => bot.received.filter(isPing).length >= 5, 6 * PING + 2_000);
  const pings = bot.received.filter(isPing);
  for (const { frame } of pings)
    expect(JSON.stringify(frame)).toBe('{"jsonrpc":"2.0","method":"x-agent/ping","id":"ping"}');
  const period = (pings.at(-1)!.at - pings[0]!.at) / (pings.length - 1);
  expect(period).toBeGreaterThan(0.8 * PING);
  expect(period).toBeLessThan(1.2 * PING);
});

test('B111, B112: who answers by a response or by x-agent/pong is still there after twice the timeout', async () => {
  await eventually(() => performance.now() - startedAt > 2 * DEAD + PING, { timeoutMs: 3 * DEAD + PING });
  expect(await names()).toEqual(expect.arrayContaining(['replies', 'pongs']));
  expect([bots['replies']!.isOpen, bots['pongs']!.isOpen]).toEqual([true, true]);
});

test('a frame that is no valid message is no sign of life', async () => {
  await bots['talks']!.expectClose(DEAD + PING + 1_000);
  expect(bots['talks']!.closedWith?.code).toBe(4408);
});
