import { AUTH_ON } from '../support/env.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** One agent against another: names, reports, results that are not one's own. */

let gateway: GatewayProcess;
let http: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_TASKS_RECONNECT_GRACE: '20s' } });
  http = new Orchestrator(gateway.httpUrl, tokenFor('production'));
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
});

/** A bot with the credentials of one subject. */
const aBot = (sub: string, more: Partial<TestBotOptions> = {}): Promise<TestBot> =>
  TestBot.connect({
    url: gateway.botUrl,
    name: 'worker',
    skills: ['work'],
    behaviour: silent,
    token: tokenFor('production', { sub }),
    ...more,
  });

describe('the name of an agent that is online', () => {
  test('cannot be taken with other credentials: −32012 and 1008, and its holder notices nothing', async () => {
    const bot = await aBot('honest');
    const { task_id: id } = await http.submit({ skill: 'work' });
    await bot.report(id, { status: 'running' });
    await expect(aBot('thief')).rejects.toThrow('-32012');
    expect([bot.isOpen, await http.agents()]).toMatchObject([true, [{ name: 'worker', load: 1 }]]);
    await bot.complete(id, { text: 'honest' });
    expect(await http.task(id)).toMatchObject({ artifact: { text: 'honest' } });
  });

  test('can be taken by a renewed token of the same subject', async () => {
    const old = await aBot('honest');
    const fresh = await aBot('honest', { token: tokenFor('production', { sub: 'honest', jti: 'renewed' }) });
    expect((await old.expectClose()).code).toBe(4409);
    expect(fresh.isOpen).toBe(true);
  });

  test('cannot be slipped into by renaming oneself', async () => {
    await aBot('honest');
    const thief = await aBot('thief', { name: 'other' });
    await expect(thief.register({ name: 'worker' })).rejects.toThrow('-32012');
    expect((await thief.expectClose()).code).toBe(1008);
    expect((await http.agents()).map(({ name }) => name)).toEqual(['worker']);
  });

  test('is free in another namespace, and means another agent there', async () => {
    const bot = await aBot('honest');
    const foreign = await aBot('thief', { namespace: 'staging', token: tokenFor('staging') });
    await http.submit({ skill: 'work' });
    await bot.expectTask();
    expect(foreign.tasks).toEqual([]);
  });
});

describe('the tasks of an agent that is away', () => {
  test('are not handed over to other credentials under its name, and its results are not taken from them', async () => {
    const bot = await aBot('honest');
    const { task_id: id } = await http.submit({ skill: 'work', timeout_s: 60 });
    await bot.report(id, { status: 'running' });
    await bot.close();
    const thief = await aBot('thief', { skills: [] });
    expect(thief.welcome).toMatchObject({ holding: [] });
    for (const status of ['running', 'completed', 'failed'])
      expect((await thief.report(id, { status, artifact: { text: 'stolen' } })).error?.code).toBe(-32001);
    await thief.close();
    const back = await aBot('honest');
    expect(back.welcome).toMatchObject({ holding: [id] });
    await back.complete(id, { text: 'honest' });
    expect(await http.task(id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'honest' },
      attempt: 1,
    });
  });

  test('not after a restart of the gateway either', async () => {
    const bot = await aBot('honest');
    const { task_id: id } = await http.submit({ skill: 'work', timeout_s: 60 });
    await bot.report(id, { status: 'running' });
    await bot.close();
    await gateway.restart();
    const thief = await aBot('thief', { skills: [] });
    expect(thief.welcome).toMatchObject({ holding: [] });
  });

  async function timedOut(bot: TestBot): Promise<string> {
    const { task_id: id } = await http.submit({ skill: 'work', timeout_s: 0.2 });
    await bot.report(id, { status: 'running' });
    await http.untilStatus(id, 'failed');
    return id;
  }

  test('late results come only from the agent that worked on them', async () => {
    const id = await timedOut(await aBot('honest'));
    const other = await aBot('thief', { name: 'other' });
    await other.report(id, { status: 'completed', artifact: { text: 'forged' } });
    expect(await http.task(id)).not.toHaveProperty('late_result');
  });

  test('late results come only from the credentials that worked on them', async () => {
    const bot = await aBot('honest');
    const id = await timedOut(bot);
    await bot.close();
    const thief = await aBot('thief');
    await thief.report(id, { status: 'completed', artifact: { text: 'forged' } });
    expect(await http.task(id)).not.toHaveProperty('late_result');
  });
});

describe('reports about tasks of others', () => {
  test('of another agent, of another namespace, under the same name, by every kind of frame: without effect', async () => {
    const bot = await aBot('honest');
    const { task_id: id } = await http.submit({ skill: 'work' });
    await bot.report(id, { status: 'running', pct: 10 });
    const [colleague, namesake] = [
      await aBot('colleague', { name: 'colleague' }),
      await aBot('x', { namespace: 'staging', token: tokenFor('staging', { sub: 'honest' }) }),
    ];
    const unknown = `t-${'0'.repeat(32)}`;
    for (const foreign of [colleague, namesake]) {
      for (const fields of [
        { status: 'running' },
        { status: 'running', pct: 99 },
        { status: 'completed', artifact: { text: 'x' } },
        { status: 'failed', error: 'x' },
        { status: 'running', artifact: { text: 'x' }, append: true },
      ]) {
        const answers = [await foreign.report(id, fields), await foreign.report(unknown, fields)];
        expect(answers[0]!.error).toMatchObject({ code: -32001 });
        expect(answers[0]!.error).toEqual(answers[1]!.error); // nobody learns which ids exist
      }
      foreign.send({ jsonrpc: '2.0', id, error: { code: -1, message: 'I fail it' } });
      await foreign.call('x-agent/pong', {});
    }
    expect(await http.task(id)).toMatchObject({ status: 'running', progress: { pct: 10 }, attempt: 1 });
    await bot.complete(id);
    expect((await (await http.stream(id)).toEnd()).map(({ event }) => event)).toEqual([
      'queued',
      'progress',
      'completed',
    ]);
  });

  test('of an attempt that is over: without effect', async () => {
    const bot = await aBot('honest');
    const { task_id: id } = await http.submit({ skill: 'work' });
    await bot.expectTask(id);
    await bot.close(); // not begun: it goes to whoever comes
    const next = await aBot('honest');
    expect((await next.expectTask(id)).attempt).toBe(2);
    expect(
      (await next.report(id, { status: 'completed', attempt: 1, artifact: { text: 'old' } })).error?.code,
    ).toBe(-32001);
    expect(await http.status(id)).toBe('queued');
    await next.complete(id, { text: 'new' });
    expect(await http.task(id)).toMatchObject({ artifact: { text: 'new' } });
  });
});
