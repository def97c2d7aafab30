import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { startHttpApp, type TestApp } from '../../../test/support/http-app.js';
import { received } from '../../../test/support/raw-http.js';
import { GatewayError } from '../../core/errors.js';
import { sseFrame } from './sse-frame.js';
import { SseStreams, STALL_LIMIT_MS, type EventFeed } from './sse.js';

const KEEPALIVE = 15_000;

/** A feed that the test fills by hand. */
class HandFeed {
  private readonly items: string[] = [];
  private wake: (() => void) | undefined;
  private ended = false;
  pulled = 0;
  signal: AbortSignal | undefined;
  over = false;

  push(...items: string[]): void {
    this.items.push(...items);
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  async *open(signal: AbortSignal): AsyncGenerator<string> {
    this.signal = signal;
    signal.addEventListener('abort', () => this.wake?.());
    try {
      for (;;) {
        while (this.items.length > 0) {
          this.pulled++;
          yield this.items.shift()!;
        }
        if (this.ended || signal.aborted) return;
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      this.over = true;
    }
  }
}

let app: TestApp;
let clock: FakeClock;
let hand: HandFeed;
let feed: EventFeed<string>;
let streams: SseStreams;

@Controller()
class StreamController {
  constructor(@Inject(SseStreams) private readonly all: SseStreams) {}

  @Get('stream')
  stream(@Req() req: IncomingMessage, @Res() res: ServerResponse): Promise<void> {
    return this.all.serve(req, res, feed);
  }
}

beforeEach(async () => {
  clock = new FakeClock();
  hand = new HandFeed();
  feed = {
    open: async (signal) => hand.open(signal),
    frame: (item) => sseFrame('note', JSON.stringify(item)),
  };
  app = await startHttpApp({ controllers: [StreamController], fakes: { clock } });
  streams = app.app.get(SseStreams);
});
afterEach(() => app.close());

const subscribe = async (method = 'GET'): Promise<Socket> => {
  const socket = connect(app.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${method} /stream HTTP/1.1\r\nhost: x\r\n\r\n`);
  return socket;
};
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};
const headersOf = (socket: Socket): Promise<string> => received(socket, (text) => text.includes('\r\n\r\n'));

test('B062: headers go out at once, before any event', async () => {
  const socket = await subscribe();
  const head = await headersOf(socket);
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(head).toContain('content-type: text/event-stream; charset=utf-8');
  expect(head).toContain('cache-control: no-cache, no-transform');
  expect(head).toContain('x-accel-buffering: no');
  expect(head).toContain('x-content-type-options: nosniff');
  expect(head).toMatch(/x-request-id: [0-9a-f-]{36}/);
  socket.destroy();
});

test('events go out in order, and the response ends after the last', async () => {
  hand.push('one', 'two');
  const res = await fetch(`${app.url}/stream`);
  hand.push('three');
  hand.end();
  expect(await res.text()).toBe(
    'one two three'
      .split(' ')
      .map((item) => `event: note\ndata: "${item}"\n\n`)
      .join(''),
  );
  await until(() => streams.size === 0);
});

test('what is there already goes out in one write', async () => {
  hand.push(...Array.from({ length: 200 }, (_, i) => `event ${i}`));
  const socket = await subscribe();
  const text = await received(socket, (got) => got.includes('event 199'));
  const chunks = text.slice(text.indexOf('\r\n\r\n')).match(/^[0-9a-f]+\r$/gm);
  expect(chunks).toHaveLength(1);
  socket.destroy();
});

test('no text can forge an event', () => {
  const frame = sseFrame('note', JSON.stringify({ message: 'a\r\n\r\nevent: completed\ndata: {}\u2028' }), 7);
  expect(frame.split(/\r\n|\r|\n/)).toEqual([
    'id: 7',
    'event: note',
    expect.stringMatching(/^data: \{/),
    '',
    '',
  ]);
});

test('B071: a comment keeps an idle stream alive, and only an idle one', async () => {
  const socket = await subscribe();
  const text: string[] = [];
  socket.on('data', (chunk: Buffer) => text.push(chunk.toString()));
  await until(() => text.join('').includes('\r\n\r\n'));
  clock.advance(KEEPALIVE);
  await until(() => text.join('').includes(': keep-alive\n\n'));
  const comments = (): number => text.join('').split(': keep-alive').length - 1;
  clock.advance(10 * KEEPALIVE);
  await until(() => comments() >= 11);
  const before = comments();
  for (let i = 0; i < 20; i++) {
    clock.advance(KEEPALIVE / 4);
    hand.push(`tick ${i}`);
    await until(() => text.join('').includes(`tick ${i}`));
  }
  expect(comments()).toBe(before);
  socket.destroy();
});

test('a subscriber that hangs up ends the feed', async () => {
  const socket = await subscribe();
  await headersOf(socket);
  socket.destroy();
  await until(() => hand.over);
  expect(hand.signal?.aborted).toBe(true);
  expect(streams.size).toBe(0);
  expect(clock.timers).toBe(0);
});

describe('a reader that stalls', () => {
  const big = 'x'.repeat(64 * 1024);
  const many = 2_000; // 128 MiB, far more than any socket buffer

  test('is not read ahead for, goes on where it was when it reads again', async () => {
    hand.push(...Array.from({ length: many }, () => big));
    const socket = await subscribe();
    socket.pause();
    let last = -1;
    await until(() => {
      const still = hand.pulled === last && hand.pulled > 1;
      last = hand.pulled;
      return still;
    });
    expect(hand.pulled).toBeLessThan(many / 4);
    hand.end();
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.resume();
    await until(() => hand.over && bytes > many * big.length);
    expect(hand.pulled).toBe(many);
    socket.destroy();
  });

  test('is cut after the limit', async () => {
    hand.push(...Array.from({ length: many }, () => big));
    const socket = await subscribe();
    socket.pause();
    let last = -1;
    await until(() => {
      const still = hand.pulled === last && hand.pulled > 1;
      last = hand.pulled;
      return still;
    });
    clock.advance(STALL_LIMIT_MS - KEEPALIVE);
    expect(streams.size).toBe(1);
    clock.advance(2 * KEEPALIVE);
    await until(() => hand.over);
    expect(streams.size).toBe(0);
    expect(hand.pulled).toBeLessThan(many / 4);
    socket.destroy();
  });
});

test('a stream is cut when its credential ends', async () => {
  feed = { ...feed, expiresAt: clock.now() + 60_000 };
  const socket = await subscribe();
  await headersOf(socket);
  clock.advance(59_999);
  expect(streams.size).toBe(1);
  clock.advance(1);
  await until(() => hand.over && streams.size === 0);
  socket.destroy();
});

test('shutdown tells every reader when to come back, and does not wait for them', async () => {
  const socket = await subscribe();
  const text = received(socket, (got) => got.endsWith('0\r\n\r\n'));
  await until(() => hand.signal !== undefined);
  await app.close();
  expect(await text).toContain('retry: 1000\n\n');
  await until(() => hand.over);
});

test('what cannot be opened is an ordinary error', async () => {
  feed = { ...feed, open: () => Promise.reject(new GatewayError('TASK_NOT_FOUND', 'task x')) };
  const res = await fetch(`${app.url}/stream`);
  expect(res.status).toBe(404);
  expect(res.headers.get('content-type')).toContain('application/json');
  expect(await res.json()).toMatchObject({ code: 'TASK_NOT_FOUND', detail: 'there is no such task' });
  expect(streams.size).toBe(0);
});

test('a feed that fails on the way breaks the stream off, so that nobody takes it for complete', async () => {
  feed = {
    ...feed,
    open: async () =>
      (async function* () {
        yield 'one';
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('disk');
      })(),
  };
  const res = await fetch(`${app.url}/stream`);
  await expect(res.text()).rejects.toThrow();
  await until(() => streams.size === 0);
});

test('HEAD gets the headers and no stream', async () => {
  const res = await fetch(`${app.url}/stream`, { method: 'HEAD' });
  expect(res.headers.get('content-type')).toContain('text/event-stream');
  await until(() => streams.size === 0);
});
