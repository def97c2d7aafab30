import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.js';
import { AUTH_ON, SECRET } from '../support/env.js';
import { received } from '../support/raw-http.js';
import { Orchestrator } from '../support/orchestrator.js';
import { begin, closeAllBots, silent, TestBot } from '../support/test-bot.js';

/** Start, stop, restart. */

const ROOT = join(__dirname, '../..');
afterEach(() => closeAllBots());

describe('B119: after a restart', () => {
  let gateway: GatewayProcess;
  let http: Orchestrator;
  const start = async (env: Readonly<Record<string, string>>): Promise<void> => {
    gateway = await GatewayProcess.start({ env });
    http = new Orchestrator(gateway.httpUrl);
  };
  const aBot = (behaviour = silent, name = 'worker'): Promise<TestBot> =>
    TestBot.connect({ url: gateway.botUrl, name, skills: ['work'], behaviour });
  afterEach(() => gateway.dispose());

  test('a finished task is what it was, with its artifact and its stream; a running one goes on with its bot', async () => {
    await start({ GATEWAY_TASKS_RECONNECT_GRACE: '20s' });
    const bot = await aBot();
    const { task_id: done } = await http.submit({ skill: 'work' });
    await bot.report(done, { status: 'running', pct: 50, message: 'half' });
    await bot.complete(done, { text: '摘要结果...' });
    const { task_id: open } = await http.submit({ skill: 'work', timeout_s: 60 });
    await bot.report(open, { status: 'running' });
    const before = {
      task: await http.task(done),
      stream: (await (await http.stream(done)).toEnd()).map(({ raw, id }) => [id, raw]),
    };
    expect((await gateway.terminate()).code).toBe(0);

    await gateway.restart();
    expect(await http.task(done)).toEqual(before.task);
    expect((await (await http.stream(done)).toEnd()).map(({ raw, id }) => [id, raw])).toEqual(before.stream);
    expect((await (await http.stream(done, '2')).toEnd()).map(({ event }) => event)).toEqual(['completed']);
    expect(await http.status(open)).toBe('running');

    const back = await aBot();
    expect(back.welcome['holding']).toEqual([open]);
    await back.complete(open, { text: 'went on' });
    expect(await http.task(open)).toMatchObject({
      status: 'completed',
      attempt: 1,
      artifact: { text: 'went on' },
    });
    expect((await (await http.stream(open)).toEnd()).map(({ event }) => event)).toEqual([
      'queued',
      'running',
      'completed',
    ]);
  });

  test('a running task whose bot stays away fails after the grace', async () => {
    await start({ GATEWAY_TASKS_RECONNECT_GRACE: '300ms' });
    await aBot(begin);
    const { task_id: id } = await http.submit({ skill: 'work' });
    await http.untilStatus(id, 'running');
    await gateway.restart();
    expect(await http.untilStatus(id, 'failed')).toMatchObject({ error_code: 'AGENT_LOST' });
  });

  test('or goes to another, where the policy says so', async () => {
    await start({ GATEWAY_TASKS_RECONNECT_GRACE: '300ms', GATEWAY_TASKS_ON_AGENT_LOST: 'requeue' });
    await aBot(begin);
    const { task_id: id } = await http.submit({ skill: 'work' });
    await http.untilStatus(id, 'running');
    await closeAllBots();
    await gateway.restart();
    const other = await aBot(silent, 'other');
    expect((await other.expectTask(id)).attempt).toBe(2);
  });

  test('a queued task is handed out as soon as somebody can do it', async () => {
    await start({});
    const { task_id: id } = await http.submit({ skill: 'work', wait_for_agent: true });
    await gateway.restart();
    const bot = await aBot();
    await bot.expectTask(id);
  });
});

/** A request of which the gateway has the headers and not yet the body. */
async function halfSent(
  url: string,
): Promise<{ readonly socket: Socket; readonly finish: () => Promise<string> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const body = JSON.stringify({ skill: 'work', instruction: 'x' });
  socket.write(
    `POST /tasks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n`,
  );
  const text = received(socket);
  await once(socket, 'data'); // 100 Continue: it is under way
  return {
    socket,
    finish: () => {
      socket.write(body);
      return text;
    },
  };
}

describe('SIGTERM', () => {
  test('ends streams with a word on when to come back, sockets with 1012, requests with their answer, the process with 0', async () => {
    const gateway = await GatewayProcess.start();
    const http = new Orchestrator(gateway.httpUrl);
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'worker',
      skills: ['work'],
      behaviour: silent,
    });
    const { task_id: id } = await http.submit({ skill: 'work' });
    const stream = await http.stream(id);
    await stream.until(1);
    const underWay = await Promise.all([1, 2, 3].map(() => halfSent(http.url)));

    const begin = performance.now();
    gateway.signal('SIGTERM');
    await stream.toEnd();
    expect([stream.retry, stream.names]).toEqual([1_000, ['queued']]);
    const answers = await Promise.all(underWay.map(({ finish }) => finish()));
    for (const answer of answers)
      expect(answer).toMatch(/^HTTP\/1\.1 100 [^]*HTTP\/1\.1 (200|503) [^]*\{.*\}$/);
    expect((await bot.expectClose()).code).toBe(1012);
    expect(await gateway.exited()).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(5_000);

    await gateway.restart();
    const kept = answers.flatMap((answer) => /"task_id":"([^"]+)"/.exec(answer)?.[1] ?? []);
    for (const task of [id, ...kept]) expect(await http.status(task)).toBe('queued');
    await gateway.stop();
  });

  test('is over within its budget, also when somebody reads nothing and somebody sends nothing', async () => {
    const gateway = await GatewayProcess.start({ env: { GATEWAY_SHUTDOWN_TIMEOUT: '2s' } });
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'deaf',
      skills: ['work'],
      behaviour: silent,
    });
    bot.stopReading();
    const { socket } = await halfSent(gateway.httpUrl);
    const begin = performance.now();
    const { code } = await gateway.terminate();
    expect([code, performance.now() - begin < 3_500]).toEqual([0, true]);
    socket.destroy();
  });

  test('twice: the second one ends it at once, whoever is still waited for', async () => {
    // Longer than the test may take: only the second signal can end it.
    const gateway = await GatewayProcess.start({ env: { GATEWAY_SHUTDOWN_TIMEOUT: '10m' } });
    const { socket } = await halfSent(gateway.httpUrl);
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'worker',
      skills: ['work'],
      behaviour: silent,
    });
    gateway.signal('SIGTERM');
    expect((await bot.expectClose()).code).toBe(1012); // it is stopping
    gateway.signal('SIGTERM');
    expect(await gateway.exited()).toEqual({ code: 0, signal: null });
    socket.destroy();
  });

  test('during the start: it ends, and is not left to a default that PID 1 does not have', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-start-'));
    const child = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        GATEWAY_HTTP_PORT: '0',
        GATEWAY_BOTS_PORT: '0',
        GATEWAY_STORAGE_URL: `sqlite:${join(folder, 'gateway.db')}`,
        GATEWAY_LOG_FORMAT: 'json',
        GATEWAY_LOG_LEVEL: 'debug',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    // The framework's first line comes after the handlers are there and well before the listeners open.
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await rm(folder, { recursive: true, force: true });
  });
});

describe('the start is refused, with one message that names the setting', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'gateway-start-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function refusal(
    env: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly said: string }> {
    const child = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        GATEWAY_STORAGE_URL: `sqlite:${join(folder, 'x.db')}`,
        GATEWAY_HTTP_PORT: '0',
        GATEWAY_BOTS_PORT: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (said += text.toString()));
    const cut = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(cut);
    return { code, said };
  }

  // All at once: most of the time of a start is the loading of code.
  const REFUSED: readonly (readonly [what: string, env: Readonly<Record<string, string>>, names: string])[] =
    [
      ['production without keys', { GATEWAY_PROFILE: 'production' }, 'GATEWAY_AUTH_JWT_SECRET'],
      ['auth off where others can reach it', { GATEWAY_HTTP_HOST: '0.0.0.0' }, 'GATEWAY_HTTP_HOST'],
      ['auth off where bots can reach it', { GATEWAY_BOTS_HOST: '::' }, 'GATEWAY_BOTS_HOST'],
      ['an unknown setting', { GATEWAY_TASKS_TIMEOUTS: '1s' }, 'GATEWAY_TASKS_TIMEOUTS'],
    ];
  test(REFUSED.map(([what]) => what).join(' · '), async () => {
    const found = await Promise.all(
      REFUSED.map(async ([what, env, name]) => ({ what, name, ...(await refusal(env)) })),
    );
    for (const { what, name, code, said } of found) {
      expect([what, code, said]).toEqual([what, 1, expect.stringContaining(name)]);
      expect([what, said]).not.toEqual([what, expect.stringMatching(/ready|^\s+at /m)]);
    }
  });

  test('a port that is taken: named, and nothing is left behind', async () => {
    const gateway = await GatewayProcess.start();
    const { port } = new URL(gateway.httpUrl);
    const { code, said } = await refusal({ GATEWAY_HTTP_PORT: port });
    expect([code, said.includes(port)]).toEqual([1, true]);
    await gateway.stop();
  });
});

describe('the start is allowed', () => {
  test('in production with a secret; beyond loopback with auth on', async () => {
    const gateway = await GatewayProcess.start({
      env: { ...AUTH_ON, GATEWAY_PROFILE: 'production', GATEWAY_HTTP_HOST: '0.0.0.0' },
    });
    expect(gateway.output).not.toContain(SECRET);
    await gateway.stop();
  });

  test('with auth off beyond loopback by GATEWAY_AUTH_ALLOW_INSECURE', async () => {
    const gateway = await GatewayProcess.start({
      env: { GATEWAY_BOTS_HOST: '0.0.0.0', GATEWAY_AUTH_ALLOW_INSECURE: 'true' },
    });
    await gateway.stop();
  });
});
