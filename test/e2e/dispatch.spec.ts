import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aNumber, aString } from '../support/matchers.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** Who gets which task, and when: routing, queueing, limits. */

let gateway: GatewayProcess;
let http: Orchestrator;

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await GatewayProcess.start({ env });
  http = new Orchestrator(gateway.httpUrl);
}
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
  await eventually(async () => (await http.agents()).length === 0);
});

const aBot = (name: string, maxConcurrency = 3, more: Partial<TestBotOptions> = {}): Promise<TestBot> =>
  TestBot.connect({
    url: gateway.botUrl,
    name,
    skills: ['work'],
    behaviour: silent,
    maxConcurrency,
    ...more,
  });

async function submit(more: Fields = {}): Promise<{ id: string; agent: string | null }> {
  const { task_id: id, assigned_agent: agent } = await http.submit({ skill: 'work', ...more });
  return { id, agent };
}

/** The agents that `count` tasks go to, one after the other. */
async function assigned(count: number, more: Fields = {}): Promise<(string | null)[]> {
  const agents: (string | null)[] = [];
  for (let i = 0; i < count; i++) agents.push((await submit(more)).agent);
  return agents;
}

const countOf = (agents: readonly (string | null)[], name: string): number =>
  agents.filter((agent) => agent === name).length;

describe('least load', () => {
  beforeAll(() => start());

  test('B039: four tasks on two idle bots are two each', async () => {
    await aBot('one');
    await aBot('two');
    const agents = await assigned(4);
    expect([countOf(agents, 'one'), countOf(agents, 'two')]).toEqual([2, 2]);
    expect(new Set(agents.slice(0, 2)).size).toBe(2);
  });

  test('B040: the idle bot gets the task, not the one with load 2', async () => {
    await aBot('one');
    await assigned(2);
    await aBot('two');
    expect((await submit()).agent).toBe('two');
  });

  test('load counts in proportion to capacity', async () => {
    await aBot('small', 2);
    await aBot('large', 20);
    const agents = await assigned(11);
    expect([countOf(agents, 'small'), countOf(agents, 'large')]).toEqual([1, 10]);
  });

  test('B038: when all are full the task waits, and is handed out within a second of a free slot', async () => {
    const bot = await aBot('one', 1);
    const [first, second] = [await submit(), await submit()];
    expect([first.agent, second.agent]).toEqual(['one', null]);
    await bot.report(first.id, { status: 'running' });
    expect([await http.status(second.id), bot.tasks.length, (await http.agent('one'))?.load]).toEqual([
      'queued',
      1,
      1,
    ]);
    await bot.complete(first.id);
    await bot.expectTask(second.id, 1_000);
    expect(bot.peak).toBe(1);
    const stream = await http.stream(second.id);
    await stream.until(1);
    expect(stream.events[0]?.data).toEqual({ event: 'queued', task_id: second.id, agent_id: null });
    await bot.complete(second.id);
    expect((await stream.toEnd()).map(({ event }) => event)).toEqual(['queued', 'completed']);
  });

  test('B100: a task that waits is canceled, and its bot never hears of it', async () => {
    const bot = await aBot('one', 1);
    const [first, waiting, last] = [await submit(), await submit(), await submit()];
    expect((await http.cancel(waiting.id)).body).toMatchObject({ status: 'canceled' });
    await bot.complete(first.id);
    await bot.expectTask(last.id);
    expect(bot.tasks.map(({ id }) => id)).toEqual([first.id, last.id]);
    expect(bot.canceled).toEqual([]);
  });

  test('waiting tasks go out by priority, then first in first out', async () => {
    const bot = await aBot('one', 1);
    const names = new Map([[(await submit()).id, 'first']]);
    for (const [name, priority] of [
      ['low-1', 'low'],
      ['medium-1', 'medium'],
      ['high-1', 'high'],
      ['low-2', 'low'],
      ['none', undefined],
      ['high-2', 'high'],
      ['medium-2', 'medium'],
    ])
      names.set((await submit({ priority })).id, name!);
    const order: string[] = [];
    for (let i = 0; i < names.size; i++) {
      const { id } = await bot.expectTask(i);
      order.push(names.get(id)!);
      await bot.complete(id);
    }
    expect(order).toEqual(['first', 'high-1', 'high-2', 'medium-1', 'none', 'medium-2', 'low-1', 'low-2']);
  });

  test('never more than max_concurrency at once, whatever comes', async () => {
    const bots = await Promise.all([1, 2, 3].map((n) => aBot(`bot-${n}`, n, { behaviour: holdFor(15) })));
    const ids = await Promise.all(Array.from({ length: 60 }, async () => (await submit()).id));
    await Promise.all(ids.map((id) => http.untilStatus(id, 'completed')));
    for (const bot of bots) expect(bot.peak).toBe(bot.options.maxConcurrency);
    expect((await http.agents()).map(({ load }) => load)).toEqual([0, 0, 0]);
  });

  test('agent_id: only that agent, also when it is full and others are idle', async () => {
    const one = await aBot('one', 1);
    await aBot('two');
    const first = await submit({ agent_id: 'one' });
    const second = await submit({ agent_id: 'one' });
    expect([first.agent, second.agent]).toEqual(['one', null]);
    await one.complete(first.id);
    await one.expectTask(second.id);
    const unknown = await http.post('/tasks', { skill: 'work', instruction: 'x', agent_id: 'three' });
    expect([unknown.status, unknown.body['code']]).toEqual([503, 'NO_AGENT_AVAILABLE']);
  });

  test('namespace: only agents of it, with auth off too', async () => {
    await aBot('here', 3, { namespace: 'here' });
    await aBot('there', 3, { namespace: 'there' });
    expect(await assigned(3, { namespace: 'there' })).toEqual(['there', 'there', 'there']);
    const nobody = await http.post('/tasks', { skill: 'work', instruction: 'x', namespace: 'nowhere' });
    expect(nobody.status).toBe(503);
  });

  test('wait_for_agent: waits although nobody has the skill, and goes to the first who comes', async () => {
    const { id, agent } = await submit({ skill: 'rare', wait_for_agent: true });
    expect([agent, await http.status(id)]).toEqual([null, 'queued']);
    await aBot('other');
    const late = await aBot('late', 3, { skills: ['rare'] });
    await late.expectTask(id, 1_000);
    expect(await http.task(id)).toMatchObject({ assigned_agent: 'late', attempt: 1 });
  });

  test('a task waits on for agents to come while all that have the skill are gone', async () => {
    const bot = await aBot('one', 1);
    const first = await submit();
    const second = await submit();
    await bot.complete(first.id);
    await bot.expectTask(second.id);
    await bot.close(); // not begun: goes to another at once
    await eventually(async () => (await http.task(second.id))['assigned_agent'] === null);
    const next = await aBot('two');
    expect((await next.expectTask(second.id)).attempt).toBe(2);
  });

  test('a new card counts at once: skills and capacity', async () => {
    const bot = await aBot('one', 1);
    await submit();
    const waiting = await submit();
    await bot.register({ max_concurrency: 2 });
    await bot.expectTask(waiting.id, 1_000);
    await bot.register({ skills: [{ id: 'rest' }] });
    expect((await http.post('/tasks', { skill: 'work', instruction: 'x' })).status).toBe(503);
    expect((await http.agent('one'))?.skills).toMatchObject([{ id: 'rest' }]);
  });

  describe('explain', () => {
    const explain = async (body: Fields): Promise<Fields> => (await http.post('/routing/explain', body)).body;

    test('is a dry run: says who, why and among whom, and changes nothing', async () => {
      await aBot('one', 1);
      await aBot('two', 4);
      await submit({ agent_id: 'two' });
      const said = await explain({ skill: 'work' });
      expect(said).toEqual({
        skill: 'work',
        strategy: 'least_load',
        reason: aString,
        candidates: 2,
        available: 2,
        chosen: 'one',
        load: 0,
        max_concurrency: 1,
        agents: [
          { agent_id: 'one', namespace: 'default', load: 0, max_concurrency: 1, available: true },
          { agent_id: 'two', namespace: 'default', load: 1, max_concurrency: 4, available: true },
        ],
      });
      expect(await explain({ skill: 'work' })).toEqual(said);
      expect((await submit()).agent).toBe('one');
    });

    test('says why none: all busy, or none online', async () => {
      await aBot('one', 1);
      await submit();
      expect(await explain({ skill: 'work' })).toMatchObject({ chosen: null, candidates: 1, available: 0 });
      expect(await explain({ skill: 'juggle' })).toMatchObject({ chosen: null, candidates: 0, agents: [] });
    });

    test('the choice is recorded with the task', async () => {
      await aBot('one');
      const { id } = await submit();
      expect((await http.task(id))['routing']).toEqual({
        strategy: 'least_load',
        reason: aString,
        candidates: 1,
        available: 1,
        chosen: 'one',
        load: aNumber,
        max_concurrency: 3,
      });
    });
  });
});

describe('round robin', () => {
  beforeAll(() => start({ GATEWAY_ROUTING_STRATEGY: 'round_robin' }));

  test('B132: six tasks over three bots are two each, in order', async () => {
    for (const name of ['one', 'two', 'three']) await aBot(name);
    expect(await assigned(6)).toEqual(['one', 'two', 'three', 'one', 'two', 'three']);
  });

  test('a full bot is passed over, and a finished task does not change the turn', async () => {
    const one = await aBot('one', 1);
    await aBot('two', 5);
    const first = await submit();
    expect(first.agent).toBe('one');
    expect(await assigned(2)).toEqual(['two', 'two']);
    await one.complete(first.id);
    expect((await assigned(2)).sort()).toEqual(['one', 'two']);
  });
});

describe('affinity', () => {
  beforeAll(() => start({ GATEWAY_ROUTING_STRATEGY: 'affinity' }));

  test('B132: the same context goes to the same bot while it has room', async () => {
    for (const name of ['one', 'two', 'three']) await aBot(name, 3);
    const [home] = await assigned(1, { context_id: 'talk' });
    const others = await assigned(2); // make it the busiest
    expect(others).not.toContain(home);
    expect(await assigned(2, { context_id: 'talk' })).toEqual([home, home]);
    expect((await submit({ context_id: 'talk' })).agent).not.toBe(home); // full by now
  });
});

describe('a limited queue', () => {
  beforeAll(() => start({ GATEWAY_TASKS_QUEUE_LIMIT: '3', GATEWAY_TASKS_QUEUE_TIMEOUT: '1s' }));

  test('over the limit: 503 with Retry-After before anything is acknowledged', async () => {
    await aBot('one', 1);
    await submit();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        http.post('/tasks', { skill: 'work', instruction: 'x', timeout_s: 30 }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(5);
    for (const { status, headers, body } of refused) {
      expect([status, body['code']]).toEqual([503, 'OVERLOADED']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await http.get('/tasks?status=queued')).body['tasks']).toHaveLength(4);
    const rpc = await http.rpc('tasks/send', { skill: 'work', instruction: 'x' });
    expect(rpc.body['error']).toMatchObject({
      code: -32010,
      data: { reason: 'OVERLOADED', retry_after: aNumber },
    });
  });

  test('the limit is per namespace', async () => {
    await aBot('one', 1, { namespace: 'full' });
    await aBot('two', 1, { namespace: 'other' });
    for (let i = 0; i < 4; i++) await submit({ namespace: 'full' });
    expect((await http.post('/tasks', { skill: 'work', instruction: 'x', namespace: 'full' })).status).toBe(
      503,
    );
    expect((await submit({ namespace: 'other' })).agent).toBe('two');
  });

  test('who waits for longer than the queue timeout fails, and says so', async () => {
    await aBot('one', 1);
    await submit();
    const { id } = await submit();
    const begin = performance.now();
    const stream = await http.stream(id);
    const last = (await stream.toEnd()).at(-1);
    expect(last?.event).toBe('failed');
    expect(last?.data['error']).toMatch(/timeout/);
    expect(performance.now() - begin).toBeGreaterThan(700);
    expect(await http.task(id)).toMatchObject({ status: 'failed', error_code: 'QUEUE_TIMEOUT' });
  });
});

describe('when_busy=reject', () => {
  beforeAll(() => start({ GATEWAY_TASKS_WHEN_BUSY: 'reject' }));

  test('B038: a second task is refused with 503 and Retry-After; the bot never has two', async () => {
    const bot = await aBot('one', 1);
    const first = await submit();
    const { status, headers, body } = await http.post('/tasks', { skill: 'work', instruction: 'x' });
    expect([status, body['code'], Number(headers.get('retry-after')) > 0]).toEqual([503, 'OVERLOADED', true]);
    await bot.complete(first.id);
    expect((await submit()).agent).toBe('one');
    expect(bot.peak).toBe(1);
  });
});

/** Works on a task for a while, then completes it. */
const holdFor =
  (ms: number) =>
  async (bot: TestBot, { id }: { readonly id: string }) => {
    await sleep(ms);
    await bot.complete(id);
  };
