import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { SystemClock } from '../../adapters/runtime/system-clock.js';
import { anOutgoing } from '../../../test/support/outgoing.js';
import { Receiver, type Reply } from '../../../test/support/receiver.js';
import type { Delivery } from '../../core/delivery.js';
import type { Namespace } from '../../core/ids.js';
import { HttpDeliverer, retryAfter, type Target } from './http-deliverer.js';

/** Over real sockets, through the real door. */

const clock = new SystemClock();
const outgoing = anOutgoing(clock);
afterAll(() => outgoing.destroy());

class TestDeliverer extends HttpDeliverer {
  constructor(
    private readonly to: Target | undefined,
    timeoutMs = 10_000,
  ) {
    super(clock, outgoing, 'callback', timeoutMs);
  }

  protected override target(): Promise<Target | undefined> {
    return Promise.resolve(this.to);
  }
}

const delivery: Delivery = {
  id: 'd-1',
  kind: 'test',
  namespace: 'default' as Namespace,
  endpoint: 'e',
  subject: {},
  request: { url: null, headers: { 'content-type': 'application/json' }, body: '{"a":"ü"}' },
  state: 'pending',
  attempts: 0,
  error: null,
  createdAt: 0,
  dueAt: 0,
  expiresAt: 0,
  endedAt: null,
};
const sendTo = (url: string, timeoutMs?: number) =>
  new TestDeliverer({ url, headers: { 'x-secret': 's' } }, timeoutMs).send(
    delivery,
    new AbortController().signal,
  );
const answered = async (reply: Reply) => sendTo((await Receiver.start(() => reply)).url());

it('posts the body with its own headers and the secret ones', async () => {
  const receiver = await Receiver.start();
  expect(await sendTo(receiver.url())).toEqual({ ok: true, status: 200 });
  expect(receiver.got[0]).toMatchObject({
    text: '{"a":"ü"}',
    headers: { 'content-type': 'application/json', 'x-secret': 's' },
  });
});

it.each([200, 201, 204, 299])('%i is taken', async (status) => {
  expect(await answered(status)).toEqual({ ok: true, status });
});

it.each([
  [301, { final: false, alive: true }],
  [400, { final: false, alive: true }],
  [404, { final: false, alive: true }],
  [410, { final: true, alive: true }],
  [429, { final: false, alive: false }],
  [500, { final: false, alive: false }],
  [503, { final: false, alive: false }],
])('%i has failed', async (status, more) => {
  expect(await answered(status)).toMatchObject({ ok: false, status, error: `status ${status}`, ...more });
});

it('heeds Retry-After', async () => {
  const reply = { status: 503, headers: { 'retry-after': '7' } };
  expect(await answered(reply)).toMatchObject({ ok: false, retryAfterMs: 7_000 });
});

it('an endpoint that says nothing in time, or is not there, has failed', async () => {
  const receiver = await Receiver.start(() => 'hang');
  expect(await sendTo(receiver.url(), 100)).toMatchObject({ ok: false, final: false });
  await receiver.down();
  expect(await sendTo(receiver.url())).toMatchObject({ ok: false, final: false });
});

it('what comes after the status changes nothing: taken is taken', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx', () => socket.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await sendTo(`http://127.0.0.1:${port}/`)).toEqual({ ok: true, status: 200 });
  server.close();
});

it('a forbidden address, and what nobody wants any more, is final', async () => {
  expect(await sendTo('http://169.254.169.254/')).toMatchObject({ ok: false, final: true });
  const nobody = await new TestDeliverer(undefined).send(delivery, new AbortController().signal);
  expect(nobody).toMatchObject({ ok: false, final: true });
});

it.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['5', 5_000],
  ['0', 0],
  ['999999', 3_600_000],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Thu, 01 Jan 2020 00:00:10 GMT', 0],
])('Retry-After: %s', (header, ms) => {
  expect(retryAfter(header, Date.UTC(2026, 0, 1))).toBe(ms);
});
