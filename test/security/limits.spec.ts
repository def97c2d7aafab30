import type { Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Fields } from '../support/orchestrator.js';
import { rawHttp } from '../support/raw-http.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** What one side may cost the other: sizes, depths, counts (slow.spec.ts: time). */

let gateway: GatewayProcess;
let http: Orchestrator;
let port: number;

beforeAll(async () => {
  gateway = await GatewayProcess.start({
    env: {
      GATEWAY_HTTP_BODY_LIMIT: '1mb',
      GATEWAY_BOTS_MAX_FRAME: '1mb',
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
const MIB = 1_024 * 1_024;
const stillAlive = async (): Promise<void> => expect((await http.get('/health')).status).toBe(200);
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('sizes', () => {
  test('a frame over the limit: 1009; one at the limit is read', async () => {
    const bot = await aBot();
    const frame = (size: number): string => {
      const text = JSON.stringify({
        jsonrpc: '2.0',
        method: 'x-agent/pong',
        id: 'fits',
        params: { pad: '' },
      });
      return text.replace('""', `"${'x'.repeat(size - text.length)}"`);
    };
    bot.send(frame(MIB));
    await bot.expectFrame(({ id }) => id === 'fits');
    bot.send(frame(MIB + 1));
    expect((await bot.expectClose()).code).toBe(1009);
    await stillAlive();
  });

  test.each<[string, (bot: TestBot) => void]>([
    ['a frame over the limit', (bot) => bot.send('x'.repeat(2 * MIB))],
    [
      'text that is no UTF-8',
      (bot) => rawSocketOf(bot).write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff])),
    ],
    ['a frame that is not masked', (bot) => rawSocketOf(bot).write(Buffer.from([0x81, 0x01, 0x78]))],
    ['reserved bits', (bot) => rawSocketOf(bot).write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]))],
  ])('%s ends the connection, also when the other side does not answer the close', async (_, break_) => {
    const bot = await aBot();
    bot.stopReading();
    break_(bot);
    await eventually(async () => (await http.agents()).length === 0, { timeoutMs: 4_000 });
  });

  test('a message in many fragments counts as one', async () => {
    const bot = await TestBot.connectOnly(options());
    const [socket] = [(bot as unknown as { socket: { send(data: string, how: object): void } }).socket];
    for (let n = 0; n < 20; n++) socket.send('x'.repeat(100_000), { fin: false });
    expect((await bot.expectClose()).code).toBe(1009);
  });

  test('compression is not offered: no frame can be larger than it looks', async () => {
    const bot = await TestBot.connectOnly(options({ socket: { perMessageDeflate: true } }));
    expect((bot as unknown as { socket: { extensions: string } }).socket.extensions).toBe('');
  });

  test('a body over the limit: 413, announced or not, and nothing of it is kept', async () => {
    await aBot();
    const body = JSON.stringify({ skill: 'work', instruction: 'x'.repeat(MIB) });
    for (const path of ['/tasks', '/jsonrpc', '/routing/explain', '/oauth/token'])
      expect([path, (await http.post(path, body)).status]).toEqual([path, 413]);
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const answer = await rawHttp(
      port,
      `POST /tasks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
      (text) => text.includes('request_id'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect((await http.agent('worker'))?.load).toBe(0);
  });

  test('headers over 16 KiB: 431; a body that says it is compressed: 415', async () => {
    const huge = await rawHttp(
      port,
      `GET /health HTTP/1.1\r\nhost: x\r\nx-pad: ${'x'.repeat(17_000)}\r\n\r\n`,
    );
    expect(huge).toMatch(/^HTTP\/1\.1 431 /);
    const zipped = await http.post('/tasks', '{}', { 'content-encoding': 'gzip' });
    expect(zipped.status).toBe(415);
  });
});

describe('depths and counts', () => {
  test.each([65, 1_000, 30_000])('a body of %p levels: 400, and the gateway lives', async (levels) => {
    const body = `{"skill":"work","instruction":"x","metadata":{"a":${nested(levels)}}}`;
    const { status, body: error } = await http.post('/tasks', body);
    expect([status, error['code']]).toEqual([400, 'INVALID']);
    await stillAlive();
  });

  test.each([65, 1_000, 400_000])('a frame of %p levels: −32700, and the socket stays', async (levels) => {
    const bot = await aBot();
    bot.send(`{"jsonrpc":"2.0","method":"x-agent/pong","id":1,"params":{"a":${nested(levels)}}}`);
    expect(await bot.expectFrame(({ error }) => error !== undefined)).toMatchObject({
      id: null,
      error: { code: -32700 },
    });
    expect((await bot.call('x-agent/pong', {})).result).toEqual({});
  });

  test('batch bombs: thousands of entries, batches in batches', async () => {
    await aBot();
    const call: Fields = {
      jsonrpc: '2.0',
      method: 'tasks/send',
      params: { skill: 'work', instruction: 'x' },
    };
    for (const batch of [Array.from({ length: 500 }, () => call), Array.from({ length: 10_000 }, () => 1)]) {
      const { status, body } = await http.post('/jsonrpc', batch);
      expect([status, body]).toMatchObject([200, { error: { code: -32600 } }]);
    }
    const inner = Array.from({ length: 50 }, () => call);
    const { text } = await http.post('/jsonrpc', [inner, inner, inner]);
    expect(JSON.parse(text)).toMatchObject([1, 2, 3].map(() => ({ error: { code: -32600 } })));
    expect((await http.agent('worker'))?.load).toBe(0);
  });

  test('a batch on the bot socket is one malformed message', async () => {
    const bot = await aBot();
    bot.send(Array.from({ length: 1_000 }, (_, id) => ({ jsonrpc: '2.0', method: 'x-agent/pong', id })));
    await bot.expectFrame(({ error }) => error?.code === -32600);
    await bot.call('x-agent/pong', {});
    expect(bot.received.filter(({ frame }) => frame.error)).toHaveLength(1);
  });
});

/** The TCP connection under a bot's WebSocket. */
const rawSocketOf = (bot: TestBot): Socket =>
  (bot as unknown as { socket: { _socket: Socket } }).socket._socket;
