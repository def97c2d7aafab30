import {
  connectBot,
  GatewayClient,
  GatewayRefusal,
  GatewayUnreachable,
  type Bot,
  type BotEvent,
  type BotOptions,
  type BotTask,
} from '../../src/sdk/index.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tokenFor } from '../support/tokens.js';

/** The SDK against a real gateway, over connections that break. */

const bots: Bot[] = [];
const proxies: CuttingProxy[] = [];
afterEach(async () => {
  await Promise.all(bots.splice(0).map((bot) => bot.close({ timeoutMs: 0 })));
  for (const proxy of proxies.splice(0)) proxy.close();
});

type Given = Pick<BotOptions, 'onTask'> & Partial<BotOptions>;

function aBot(url: string, given: Given): Bot & { readonly log: BotEvent[] } {
  const log: BotEvent[] = [];
  const bot = connectBot({
    url,
    card: { name: 'worker', skills: ['work'] },
    backoff: { firstMs: 20, maxMs: 200 },
    onEvent: (event) => log.push(event),
    ...given,
  });
  bots.push(bot);
  return Object.assign(bot, { log });
}

async function proxied(url: string): Promise<{ proxy: CuttingProxy; url: string }> {
  const to = new URL(url);
  const proxy = await CuttingProxy.start(Number(to.port));
  proxies.push(proxy);
  to.port = String(proxy.port);
  return { proxy, url: to.href.replace(/\/$/, '') };
}

/** A task that waits until the test lets it go on. */
function gate(): {
  task: Promise<BotTask>;
  onTask: (task: BotTask) => Promise<string>;
  open: (result: string) => void;
} {
  const arrived = Promise.withResolvers<BotTask>();
  const result = Promise.withResolvers<string>();
  return {
    task: arrived.promise,
    open: result.resolve,
    onTask: (task) => {
      arrived.resolve(task);
      return result.promise;
    },
  };
}

describe('a bot', () => {
  let gateway: GatewayProcess;
  let client: GatewayClient;
  beforeAll(async () => {
    gateway = await GatewayProcess.start();
    client = new GatewayClient({ url: gateway.httpUrl });
  });

  test('works on tasks: text in, progress, text out', async () => {
    const bot = aBot(gateway.botUrl, {
      onTask: (task) => {
        task.progress(50, 'half');
        return `${task.skill}: ${task.instruction} ${JSON.stringify(task.constraints)}`;
      },
    });
    await bot.ready;
    const { task_id } = await client.submit({
      skill: 'work',
      instruction: 'hello',
      constraints: { words: 3 },
    });
    const events = [];
    for await (const { seq, data } of client.watch(task_id)) events.push([seq, data.event]);
    expect(events).toEqual([
      [1, 'queued'],
      [2, 'progress'],
      [3, 'completed'],
    ]);
    expect(await client.get(task_id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'work: hello {"words":3}' },
    });
    await eventually(() => bot.log.some(({ type }) => type === 'stored'));
  });

  test('what it throws is why the task failed', async () => {
    const bot = aBot(gateway.botUrl, {
      onTask: () => {
        throw new Error('out of paper');
      },
    });
    await bot.ready;
    expect(await client.run({ skill: 'work', instruction: 'x' })).toMatchObject({
      status: 'failed',
      error: 'out of paper',
    });
  });

  test('pieces of a result: appended, and completed without a result of its own', async () => {
    const bot = aBot(gateway.botUrl, {
      onTask: async (task) => {
        for (const word of ['one ', 'two ', 'three']) await task.append(word);
        await task.append({ parts: [{ type: 'data', data: { n: 3 } }] });
      },
    });
    await bot.ready;
    expect(await client.run({ skill: 'work', instruction: 'x' })).toMatchObject({
      artifact: { text: 'one two three', parts: [{ type: 'data', data: { n: 3 } }] },
    });
  });

  test('a cancel aborts the task’s signal, and nothing more is reported', async () => {
    const { task, onTask, open } = gate();
    const bot = aBot(gateway.botUrl, { onTask });
    await bot.ready;
    const { task_id } = await client.submit({ skill: 'work', instruction: 'x' });
    const { signal } = await task;
    await client.cancel(task_id);
    await eventually(() => signal.aborted);
    open('too late');
    expect(bot.tasks).toEqual([]);
    expect((await client.get(task_id)).status).toBe('canceled');
  });

  test('a connection that is lost: the work goes on, the result is held and arrives once', async () => {
    const { proxy, url } = await proxied(gateway.botUrl);
    const { task, onTask, open } = gate();
    const bot = aBot(url, { onTask });
    await bot.ready;
    const { task_id } = await client.submit({ skill: 'work', instruction: 'x' });
    (await task).progress(10);
    await eventually(async () => (await client.get(task_id)).progress?.pct === 10);
    proxy.cut();
    await eventually(() => bot.log.some(({ type }) => type === 'disconnected'));
    open('made it');
    expect(await client.wait(task_id)).toMatchObject({
      status: 'completed',
      attempt: 1,
      artifact: { text: 'made it' },
    });
    await eventually(() => bot.log.filter(({ type }) => type === 'stored').length === 1);
  });

  test('pieces that were on their way when the connection broke are not missing, and not there twice', async () => {
    const { proxy, url } = await proxied(gateway.botUrl);
    const paused = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const bot = aBot(url, {
      onTask: async (task) => {
        await task.append('one ');
        paused.resolve();
        await goOn.promise;
        await Promise.all([task.append('two '), task.append('three')]);
      },
    });
    await bot.ready;
    const { task_id } = await client.submit({ skill: 'work', instruction: 'x' });
    await paused.promise;
    proxy.cut();
    goOn.resolve();
    expect(await client.wait(task_id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'one two three' },
    });
  });

  test('close: takes no more, finishes what it has, tells the gateway', async () => {
    const { task, onTask, open } = gate();
    const bot = aBot(gateway.botUrl, { onTask });
    await bot.ready;
    const { task_id } = await client.submit({ skill: 'work', instruction: 'x' });
    await task;
    const closed = bot.close();
    await eventually(async () => (await client.agents()).every(({ skills }) => skills.length === 0));
    open('finished');
    await closed;
    expect(await client.get(task_id)).toMatchObject({ status: 'completed', artifact: { text: 'finished' } });
    await eventually(async () => (await client.agents()).length === 0);
  });

  test('closed while the connection is lost: it comes back for the task that it has, and takes no more', async () => {
    const { proxy, url } = await proxied(gateway.botUrl);
    const { task, onTask, open } = gate();
    let closed: Promise<void> | undefined;
    const bot = aBot(url, {
      onTask,
      onEvent: ({ type }) => {
        if (type === 'disconnected') closed ??= bot.close();
      },
    });
    await bot.ready;
    const { task_id } = await client.submit({ skill: 'work', instruction: 'x' });
    (await task).progress(10);
    await eventually(async () => (await client.get(task_id)).progress?.pct === 10);
    proxy.cut();
    await eventually(async () => (await client.agents()).some(({ skills }) => skills.length === 0));
    open('finished');
    await closed;
    expect(await client.get(task_id)).toMatchObject({ status: 'completed', artifact: { text: 'finished' } });
  });

  test('replaced by a newer connection of the same name: it ends and does not come back', async () => {
    const older = aBot(gateway.botUrl, { onTask: () => 'old' });
    await older.ready;
    const newer = aBot(gateway.botUrl, { onTask: () => 'new' });
    await newer.ready;
    expect(String(await older.ended)).toContain('4409');
    expect(await client.run({ skill: 'work', instruction: 'x' })).toMatchObject({
      artifact: { text: 'new' },
    });
  });

  test('a card that is refused: ready rejects with the reason', async () => {
    const bot = aBot(gateway.botUrl, { card: { name: '', skills: [] }, onTask: () => undefined });
    await expect(bot.ready).rejects.toThrow('card.name');
  });

  test('asks its caller in the midst of its work, goes on with the answer, and may refuse', async () => {
    const bot = aBot(gateway.botUrl, {
      card: { name: 'worker', skills: ['work'], max_concurrency: 1 },
      onTask: async (task) => {
        await task.append('for ');
        const { text } = await task.requireInput('for how many?');
        if (text === 'nobody') task.reject('that is no party');
        task.say(`a table for ${text}`);
        return task.append(text);
      },
    });
    await bot.ready;
    const asked = await client.run({ skill: 'work', instruction: 'book a table' });
    expect(asked).toMatchObject({ status: 'input_required', artifacts: [{ text: 'for ' }] });
    expect(asked.message?.parts[0]?.text).toBe('for how many?');
    const other = await client.run({ skill: 'work', instruction: 'another' }); // the slot is free
    await client.continue(asked.task_id, 'four');
    await client.continue(other.task_id, 'nobody');
    expect(await client.wait(asked.task_id)).toMatchObject({
      status: 'completed',
      attempt: 1,
      artifact: { text: 'for four' },
    });
    expect(await client.wait(other.task_id)).toMatchObject({
      status: 'rejected',
      error: 'that is no party',
    });
    const types = bot.log.map(({ type }) => type).filter((type) => type === 'asked' || type === 'answered');
    expect(types).toEqual(['asked', 'asked', 'answered', 'answered']);
  });

  test('several artifacts; words that go with the result', async () => {
    const bot = aBot(gateway.botUrl, {
      onTask: async (task) => {
        await task.addArtifact({ artifact_id: 'notes', name: 'Notes', text: 'n' });
        await task.append({ artifact_id: 'list', parts: [{ text: '1' }] });
        await task.append({ artifact_id: 'list', parts: [{ text: '2' }] });
      },
    });
    await bot.ready;
    expect(await client.run({ skill: 'work', instruction: 'x' })).toMatchObject({
      status: 'completed',
      artifacts: [
        { artifact_id: 'notes', name: 'Notes', text: 'n' },
        { artifact_id: 'list', parts: [{ text: '1' }, { text: '2' }] },
      ],
    });
  });

  test('a question is asked again over a lost connection, and answered once; a cancel ends the waiting', async () => {
    const { proxy, url } = await proxied(gateway.botUrl);
    const ends: string[] = [];
    const bot = aBot(url, {
      onTask: async (task) => {
        try {
          return (await task.requireInput('which?')).text;
        } catch (error) {
          ends.push(String(error));
          throw error;
        }
      },
    });
    await bot.ready;
    const asked = await client.run({ skill: 'work', instruction: 'x' });
    proxy.cut();
    await client.continue(asked.task_id, 'this');
    expect(await client.wait(asked.task_id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'this' },
      attempt: 1,
    });
    const canceled = await client.run({ skill: 'work', instruction: 'x' });
    await client.cancel(canceled.task_id);
    await eventually(() => ends.length > 0);
    expect(ends).toEqual(['Error: canceled']);
    expect(bot.tasks).toEqual([]);
  });

  test('an answer to a bot whose process was started anew: the task says that it goes on', async () => {
    const first = aBot(gateway.botUrl, { onTask: (task) => task.requireInput('which?').then(() => 'x') });
    await first.ready;
    const { task_id } = await client.run({ skill: 'work', instruction: 'choose' });
    await first.close({ timeoutMs: 60_000 }); // who waits for his caller is not at work
    await client.continue(task_id, 'this');
    const second = aBot(gateway.botUrl, {
      onTask: ({ continuation, instruction }) => `${continuation} ${instruction}`,
    });
    await second.ready;
    expect(await client.wait(task_id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'true this' },
    });
  });

  test('a bot process that comes back without its tasks says so: they are lost at once, by the loss policy', async () => {
    const { task, onTask } = gate();
    const first = aBot(gateway.botUrl, { onTask });
    await first.ready;
    const plain = await client.submit({ skill: 'work', instruction: 'plain' });
    (await task).progress(1);
    const again = await client.submit({ skill: 'work', instruction: 'again', idempotent: true });
    await eventually(() => first.tasks.length === 2);
    first.tasks[1]!.progress(1);
    await eventually(async () => (await client.get(again.task_id)).status === 'running');
    const second = aBot(gateway.botUrl, { onTask: ({ attempt }) => `attempt ${attempt}` });
    await second.ready;
    expect(await client.wait(plain.task_id)).toMatchObject({ status: 'failed', error_code: 'AGENT_LOST' });
    expect(await client.wait(again.task_id)).toMatchObject({
      status: 'completed',
      artifact: { text: 'attempt 2' },
    });
  });

  test('an address that is none: ready rejects at once', async () => {
    await expect(aBot('not a url', { onTask: () => undefined }).ready).rejects.toThrow(/url/i);
  });
});

test('a gateway that is killed: the bot comes back, its result arrives exactly once; the watcher misses nothing', async () => {
  const gateway = await GatewayProcess.start({ env: { GATEWAY_TASKS_RECONNECT_GRACE: '20s' } });
  const client = new GatewayClient({ url: gateway.httpUrl });
  const { task, onTask, open } = gate();
  const bot = aBot(gateway.botUrl, { onTask });
  await bot.ready;
  const { task_id } = await client.submit({ skill: 'work', instruction: 'x' });
  (await task).progress(10);
  await eventually(async () => (await client.get(task_id)).status === 'running');
  const events: string[] = [];
  const watching = (async () => {
    for await (const { data } of client.watch(task_id)) events.push(data.event);
  })();
  await eventually(() => events.length === 2);
  await gateway.kill9();
  open('survived');
  await gateway.restart();
  await watching;
  expect(events).toEqual(['queued', 'progress', 'completed']);
  expect(await client.get(task_id)).toMatchObject({
    status: 'completed',
    attempt: 1,
    artifact: { text: 'survived' },
  });
  expect(bot.log.filter(({ type }) => type === 'registered')).toHaveLength(2);
});

describe('with auth on', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({ env: AUTH_ON });
  });

  test('a token function is asked for each connection: an expired token is replaced by a fresh one', async () => {
    const soon = (seconds: number) => ({ exp: Math.floor(Date.now() / 1000) + seconds });
    const tokens = [tokenFor('production', soon(-3600)), tokenFor('production')];
    const bot = aBot(gateway.botUrl, {
      token: () => tokens.shift() ?? tokenFor('production'),
      onTask: () => 'done',
    });
    await bot.ready;
    expect(tokens).toEqual([]);
    const client = new GatewayClient({ url: gateway.httpUrl, token: () => tokenFor('production') });
    expect(await client.run({ skill: 'work', instruction: 'x' })).toMatchObject({ status: 'completed' });
  });

  test('a fixed token that is wrong ends the bot; a caller learns why', async () => {
    const bot = aBot(gateway.botUrl, { token: 'wrong', onTask: () => 'done' });
    await expect(bot.ready).rejects.toThrow('401');
    const refused = await new GatewayClient({ url: gateway.httpUrl, token: 'wrong' })
      .agents()
      .catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(GatewayRefusal);
    expect(refused).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
      requestId: expect.any(String) as unknown,
    });
  });
});

describe('an orchestrator', () => {
  test('watches over a connection that is cut again and again: every event once, in order', async () => {
    const gateway = await GatewayProcess.start();
    const { proxy, url } = await proxied(gateway.httpUrl);
    const client = new GatewayClient({ url });
    const gates = [0, 1, 2, 3, 4].map(() => Promise.withResolvers<void>());
    const closed = [...gates];
    const bot = aBot(gateway.botUrl, {
      onTask: async (task) => {
        for (const [i, { promise }] of gates.entries()) {
          await promise;
          task.progress(i * 20);
        }
        return 'done';
      },
    });
    await bot.ready;
    const { task_id } = await client.submit({ skill: 'work', instruction: 'x' });
    const seen: number[] = [];
    for await (const { seq } of client.watch(task_id)) {
      seen.push(seq);
      proxy.cut();
      closed.shift()?.resolve();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(proxy.accepted).toBeGreaterThan(3);
  });

  test('watches from the end of an ended task: nothing; from beyond it: the whole log', async () => {
    const gateway = await GatewayProcess.start();
    const client = new GatewayClient({ url: gateway.httpUrl });
    const bot = aBot(gateway.botUrl, { onTask: () => 'done' });
    await bot.ready;
    const { task_id } = await client.run({ skill: 'work', instruction: 'x' });
    const seen = async (after: number) => {
      const seqs: number[] = [];
      for await (const { seq } of client.watch(task_id, { after })) seqs.push(seq);
      return seqs;
    };
    expect(await seen(1)).toEqual([2]);
    expect(await seen(2)).toEqual([]);
    for (const beyond of [3, 999]) expect(await seen(beyond)).toEqual([1, 2]);
  });

  test('submits once, also when the answer is lost on its way', async () => {
    const gateway = await GatewayProcess.start();
    let lost = 0;
    const client = new GatewayClient({
      url: gateway.httpUrl,
      fetch: async (...args) => {
        const response = await fetch(...args);
        if (lost++ === 0) throw new TypeError('the connection broke');
        return response;
      },
    });
    const ack = await client.submit({ skill: 'work', instruction: 'x', wait_for_agent: true });
    const tasks = [];
    for await (const task of client.list({ skill: 'work', pageSize: 1 })) tasks.push(task.task_id);
    expect(tasks).toEqual([ack.task_id]);
  });

  test('lists page by page, by filter; explains; stops by signal', async () => {
    const gateway = await GatewayProcess.start();
    const client = new GatewayClient({ url: gateway.httpUrl });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++)
      ids.unshift(
        (await client.submit({ skill: 'work', instruction: `${i}`, wait_for_agent: true })).task_id,
      );
    const listed = [];
    for await (const { task_id } of client.list({ status: 'queued', pageSize: 2 })) listed.push(task_id);
    expect(listed).toEqual(ids);
    expect(await client.explain({ skill: 'work' })).toMatchObject({
      candidates: 0,
      chosen: null,
      agents: [],
    });
    const control = new AbortController();
    const waiting = client.wait(ids[0]!, { signal: control.signal });
    control.abort(new Error('changed my mind'));
    await expect(waiting).rejects.toThrow('changed my mind');
  });

  test('refusals name the field; a gateway that is not there is said to be so', async () => {
    const gateway = await GatewayProcess.start();
    const client = new GatewayClient({ url: gateway.httpUrl });
    await expect(client.submit({ skill: '', instruction: 'x' })).rejects.toMatchObject({
      status: 400,
      code: 'INVALID',
      message: expect.stringContaining('skill') as unknown,
    });
    await expect(client.submit({ skill: 'nobody', instruction: 'x' })).rejects.toMatchObject({
      code: 'NO_AGENT_AVAILABLE',
    });
    await expect(client.watch('t-nowhere').next()).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    const nowhere = new GatewayClient({ url: `http://127.0.0.1:${await freePort()}`, tries: 2 });
    await expect(nowhere.agents()).rejects.toBeInstanceOf(GatewayUnreachable);
  });
});
