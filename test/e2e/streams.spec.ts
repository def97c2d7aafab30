import { eventually } from '../support/eventually.js';
import type { StreamEvent } from '../support/event-reader.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';

/** Event streams: replay, resume, reset, and subscribers who come and go. */

let http: Orchestrator;
let bot: TestBot;

beforeAll(async () => {
  const gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
  bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'worker',
    skills: ['work'],
    behaviour: silent,
    maxConcurrency: 1_000,
  });
});
afterEach(() => http.cancelAll());
afterAll(() => closeAllBots());

const submit = async (more: Fields = {}): Promise<string> =>
  (await http.submit({ skill: 'work', ...more })).task_id;
const raws = (events: readonly StreamEvent[]): [string | undefined, string][] =>
  events.map(({ id, raw }) => [id, raw]);

/** A task with a log of ten events, still running or completed. */
async function aLog(ended = true): Promise<string> {
  const id = await submit();
  await bot.report(id, { status: 'running' });
  for (let n = 1; n <= 7; n++) await bot.report(id, { status: 'running', pct: n, message: `m${n}` });
  if (ended) await bot.complete(id, { text: 'x' });
  return id;
}

test('ids are the task’s own dense sequence, and every subscriber sees the same log', async () => {
  const id = await aLog();
  const [one, two] = [await http.stream(id), await http.stream(id)];
  const events = await one.toEnd();
  expect(events.map((event) => event.id)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  expect(events.map(({ event }) => event)).toEqual([
    'queued',
    'running',
    ...Array.from({ length: 7 }, () => 'progress'),
    'completed',
  ]);
  for (const { event, data } of events) expect(data).toMatchObject({ event, task_id: id });
  expect(await two.toEnd()).toHaveLength(10);
  expect(raws(two.events)).toEqual(raws(events));
});

test.each([true, false])('resume at every position, ended: %p: no gap, no duplicate', async (ended) => {
  const id = await aLog(ended);
  const whole = await http.stream(id);
  await whole.until(ended ? 10 : 9);
  for (let position = 0; position <= (ended ? 10 : 9); position++) {
    const part = await http.stream(id, String(position));
    const rest = raws(whole.events).slice(position);
    await part.until(rest.length);
    expect(raws(part.events)).toEqual(rest);
    if (ended) await part.toEnd(); // at the last position at once, with nothing
    part.close();
  }
  whole.close();
});

test('a resumed stream goes on live', async () => {
  const id = await aLog(false);
  const stream = await http.stream(id, '8');
  await stream.until(1);
  await bot.complete(id);
  expect((await stream.toEnd()).map(({ id, event }) => [id, event])).toEqual([
    ['9', 'progress'],
    ['10', 'completed'],
  ]);
});

test.each(['11', '99999999999999999999', '-1', 'abc', '1.5', '1e0', ' 3', 'NaN', '0x1'])(
  'an id that the log does not know (%j) gets a reset, then everything',
  async (position) => {
    const id = await aLog();
    const events = await (await http.stream(id, position)).toEnd();
    // Whitespace around a header's value is not part of it.
    const known = position.trim() === '3';
    expect(events.map(({ event }) => event).slice(0, 2)).toEqual(
      known ? ['progress', 'progress'] : ['reset', 'queued'],
    );
    expect(events).toHaveLength(known ? 7 : 11);
    if (known) return;
    expect(events[0]).toMatchObject({ id: undefined, raw: `{"event":"reset","task_id":"${id}"}` });
  },
);

test('a position of tomorrow resets a live stream too, which then goes on', async () => {
  const id = await aLog(false);
  const stream = await http.stream(id, '500');
  await stream.until(10);
  await bot.complete(id);
  expect((await stream.toEnd()).map(({ event }) => event)).toEqual([
    'reset',
    'queued',
    'running',
    ...Array.from({ length: 7 }, () => 'progress'),
    'completed',
  ]);
});

test('a subscriber who is cut again and again, and resumes, has the log in the end', async () => {
  const id = await submit();
  const seen: [string | undefined, string][] = [];
  const follow = (async () => {
    let last: string | undefined;
    for (;;) {
      const stream = await http.stream(id, last);
      await eventually(() => stream.events.length >= 3 || stream.ended !== undefined, { everyMs: 1 });
      stream.close();
      seen.push(...raws(stream.events));
      last = stream.ids.at(-1) ?? last;
      if (stream.names.includes('completed')) return;
    }
  })();
  for (let n = 1; n <= 60; n++) await bot.report(id, { status: 'running', pct: n });
  await bot.complete(id);
  await follow;
  expect(seen).toEqual(raws(await (await http.stream(id)).toEnd()));
  expect(seen).toHaveLength(62);
});

test('a subscriber who hangs up changes nothing for the task', async () => {
  const id = await submit();
  for (let n = 0; n < 20; n++) (await http.stream(id)).close();
  await bot.complete(id);
  expect(await http.status(id)).toBe('completed');
});

test('a hundred subscribers of one live task all get all of it', async () => {
  const id = await submit();
  const streams = await Promise.all(Array.from({ length: 100 }, () => http.stream(id)));
  for (let n = 1; n <= 20; n++) bot.notify(id, { status: 'running', pct: n });
  await bot.complete(id);
  for (const stream of streams) expect((await stream.toEnd()).length).toBe(22);
});

test('HEAD says what GET would, without the stream; a cancel ends every stream', async () => {
  const id = await submit();
  const head = await http.request('HEAD', `/tasks/${id}/stream`);
  expect([head.status, head.headers.get('content-type')?.split(';')[0], head.text]).toEqual([
    200,
    'text/event-stream',
    '',
  ]);
  const stream = await http.stream(id);
  await http.cancel(id);
  expect((await stream.toEnd()).map(({ event }) => event)).toEqual(['queued', 'canceled']);
});
