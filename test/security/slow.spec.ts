import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { received } from '../support/raw-http.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** Who does not write, does not read, or says nothing: how long that is borne, and what it costs. */

let gateway: GatewayProcess;
let http: Orchestrator;
let port: number;

beforeAll(async () => {
  gateway = await GatewayProcess.start({
    env: {
      GATEWAY_HTTP_REQUEST_TIMEOUT: '1s',
      GATEWAY_HTTP_BODY_LIMIT: '1mb',
      GATEWAY_BOTS_REGISTER_TIMEOUT: '1s',
    },
  });
  http = new Orchestrator(gateway.httpUrl);
  port = Number(new URL(gateway.httpUrl).port);
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
  await eventually(async () => (await http.agents()).length === 0);
});

const options = (more: Partial<TestBotOptions> = {}): TestBotOptions => ({
  url: gateway.botUrl,
  name: 'worker',
  skills: ['work'],
  behaviour: silent,
  maxConcurrency: 1_000,
  ...more,
});
const aBot = (more?: Partial<TestBotOptions>): Promise<TestBot> => TestBot.connect(options(more));
/** Memory that the gateway holds, bytes; 0 where the system does not tell. */
const memory = (): number => {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
};
const MIB = 1_024 * 1_024;
const stillAlive = async (): Promise<void> => expect((await http.get('/health')).status).toBe(200);

const UPGRADE =
  'GET /agent/register HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

describe('slow senders', () => {
  const open = async (to = port): Promise<Socket> => {
    const socket = connect(to, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  /** Writes a byte now and then until the other side ends it; resolves to what that said. */
  async function trickle(head: string, to = port): Promise<{ readonly text: string; readonly ms: number }> {
    const socket = await open(to);
    const begin = performance.now();
    socket.write(head);
    const drip = setInterval(() => socket.writable && socket.write('x'), 100);
    const text = await received(socket);
    clearInterval(drip);
    return { text, ms: performance.now() - begin };
  }

  test('of headers and of bodies are answered 408 and cut, on both ports', async () => {
    const bots = Number(new URL(gateway.botUrl).port);
    const slow = await Promise.all([
      trickle('GET /health HTTP/1.1\r\nhost: x\r\nx-slow: '),
      trickle(
        'POST /tasks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
      ),
      trickle('GET /agent/register HTTP/1.1\r\nhost: x\r\nx-slow: ', bots),
    ]);
    for (const { text, ms } of slow) {
      expect(text).toMatch(/^HTTP\/1\.1 408 /);
      expect(ms).toBeLessThan(13_000); // 10 s are allowed, and a look each second
    }
    for (const { text } of slow.slice(0, 2)) expect(text).toContain('"code":"TIMEOUT"');
  });

  test('that say nothing do not keep others waiting', async () => {
    const idle = await Promise.all(Array.from({ length: 200 }, () => open()));
    const begin = performance.now();
    await stillAlive();
    expect(performance.now() - begin).toBeLessThan(1_000);
    for (const socket of idle) socket.destroy();
  });
});

describe('slow readers', () => {
  /** A task with a log of about that many bytes. */
  async function largeLog(bot: TestBot, bytes: number): Promise<string> {
    const { task_id: id } = await http.submit({ skill: 'work', timeout_s: 60 });
    const message = 'x'.repeat(60_000);
    for (let n = 0; n < bytes / message.length; n++)
      await bot.report(id, { status: 'running', pct: 1, message });
    return id;
  }

  test('fifty stalled subscribers of a large log cost little memory, and slow nobody down', async () => {
    const bot = await aBot();
    const id = await largeLog(bot, 12 * MIB);
    const ordinary = await http.stream(id);
    await ordinary.until(200, 10_000);
    const before = memory();
    const stalled = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(`GET /tasks/${id}/stream HTTP/1.1\r\nhost: x\r\n\r\n`);
        await once(socket, 'readable');
        socket.pause();
        return socket;
      }),
    );
    await bot.complete(id);
    await ordinary.toEnd();
    const grown = memory() - before;
    // Each would hold the whole log (12 MiB each, 600 in all) if nothing stopped it.
    expect(grown).toBeLessThan(200 * MIB);
    for (const socket of stalled) socket.destroy();
  });

  /** So much is between the kernel's buffers (some MiB) and what is kept for anybody (256 MiB). */
  const BURST = 100;
  const instruction = 'x'.repeat(600_000);
  const burst = async (): Promise<void> => {
    for (let n = 0; n < BURST; n += 10)
      await Promise.all(
        Array.from({ length: 10 }, () =>
          http.submit({ skill: 'work', wait_for_agent: true, instruction, timeout_s: 60 }),
        ),
      );
  };

  test('a bot that reads gets all that waits for it at once; one that does not is cut, and its work goes to others', async () => {
    await burst();
    const reader = await aBot({ name: 'reads' });
    await eventually(() => reader.tasks.length === BURST || reader.closedWith !== undefined, {
      timeoutMs: 15_000,
    });
    expect([reader.tasks.length, reader.closedWith]).toEqual([BURST, undefined]);
    await http.cancelAll();
    await reader.close();

    const deaf = await aBot({ name: 'deaf' });
    deaf.stopReading();
    const before = memory();
    await burst();
    expect(memory() - before).toBeLessThan(256 * MIB);
    await eventually(async () => (await http.agent('deaf')) === undefined, { timeoutMs: 15_000 });
    const other = await aBot({ name: 'other' });
    await eventually(() => other.tasks.length === BURST, { timeoutMs: 15_000 });
    expect(other.closedWith).toBeUndefined();
  });
});

describe('sockets that have not registered', () => {
  test('are closed at the deadline, whatever else they send', async () => {
    const bot = await TestBot.connectOnly(options());
    const chatter = setInterval(() => bot.isOpen && bot.send('{'), 50);
    const begin = performance.now();
    expect((await bot.expectClose()).code).toBe(1008);
    clearInterval(chatter);
    expect(performance.now() - begin).toBeLessThan(3_000);
  });

  test('are counted: over 2,000 the next is refused with 503, until one has registered or gone', async () => {
    const patient = await GatewayProcess.start();
    const bots = Number(new URL(patient.botUrl).port);
    const upgrade = async (): Promise<{ readonly socket: Socket; readonly said: string }> => {
      const socket = connect(bots, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(UPGRADE);
      const [data] = (await once(socket, 'data')) as [Buffer];
      return { socket, said: data.toString() };
    };
    const open: Socket[] = [];
    while (open.length < 2_000) {
      const more = await Promise.all(Array.from({ length: 250 }, upgrade));
      for (const { socket, said } of more) {
        expect(said).toMatch(/^HTTP\/1\.1 101 /);
        open.push(socket);
      }
    }
    const refused = await upgrade();
    expect(refused.said).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(refused.said).toMatch(/\r\nretry-after: \d+\r\n/);
    open[0]!.destroy();
    const bot = await eventually(() => TestBot.connect(options({ url: patient.botUrl })));
    await bot.call('x-agent/pong', {}); // it is in, and does not count any more
    open[1]!.destroy();
    await eventually(() => TestBot.connect(options({ url: patient.botUrl, name: 'second' })));
    for (const socket of open) socket.destroy();
    await patient.stop();
  });
});
