import { setTimeout as sleep } from 'node:timers/promises';
import { connectBot, type Bot } from '../../src/sdk/index.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aNumber, aString } from '../support/matchers.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Messages that are taken in durably and delivered with retries. */

const FAST = { GATEWAY_OUTBOX_FIRST_DELAY: '200ms', GATEWAY_OUTBOX_ATTEMPTS: '3' };

let gateway: GatewayProcess;
let http: Orchestrator;
const bots: Bot[] = [];

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await GatewayProcess.start({ env });
  http = new Orchestrator(gateway.httpUrl);
}
afterEach(async () => {
  await Promise.all(bots.splice(0).map((bot) => bot.close({ timeoutMs: 0 })));
});

const register = (id: string, url: string): Promise<Answer> =>
  http.post('/gateway/register', { agent_id: id, webhook_url: url });

/** Queues a message. @returns its id */
async function queue(to: string, text = 'hello', more: Fields = {}): Promise<string> {
  const { status, body } = await http.post('/gateway/send', {
    from_agent_id: 'sender-001',
    to_agent_id: to,
    conversation_id: 'conv-queue',
    content: [{ type: 'text', text }],
    metadata: { delivery: 'queued' },
    ...more,
  });
  expect([status, body]).toEqual([
    202,
    { message_id: expect.stringMatching(/^msg-/) as string, conversation_id: 'conv-queue', status: 'queued' },
  ]);
  return body['message_id'] as string;
}
const message = async (id: string): Promise<Fields> => (await http.get(`/gateway/messages/${id}`)).body;
const untilStatus = (id: string, status: string): Promise<Fields> =>
  eventually(
    async () => {
      const found = await message(id);
      if (found['status'] !== status) throw new Error(`not ${status}: ${JSON.stringify(found)}`);
      return found;
    },
    { timeoutMs: 20_000 },
  );
const idsOf = (receiver: WebhookReceiver): unknown[] =>
  receiver.received.map(({ body }) => body['message_id']);

describe('retries', () => {
  beforeAll(() => start(FAST));

  test('what fails is tried again under the same id, and never after it was taken', async () => {
    let tries = 0;
    const receiver = await WebhookReceiver.start(() => ({ status: ++tries < 3 ? 500 : 200 }));
    await register('flaky', receiver.url());
    const id = await queue('flaky');
    expect(await untilStatus(id, 'sent')).toMatchObject({
      attempts: 3,
      attempt_log: [
        { at: aString, ms: aNumber, status: 500, error: 'the webhook answered 500' },
        { status: 500 },
        { at: aString, ms: aNumber },
      ],
    });
    await sleep(1_000);
    expect(idsOf(receiver)).toEqual([id, id, id]);
    await receiver.close();
  });

  test('what is given up is a dead letter: listed, looked at, started again', async () => {
    const receiver = await WebhookReceiver.start(() => ({ status: 503 }));
    await register('dead', receiver.url());
    const id = await queue('dead');
    await untilStatus(id, 'dead');
    const list = await http.get('/gateway/dead-letters');
    expect(list.body).toMatchObject({
      dead_letters: [{ message_id: id, to_agent_id: 'dead', status: 'dead', attempts: 3, error: aString }],
      next_cursor: null,
    });
    const letter = await http.get(`/gateway/dead-letters/${id}`);
    expect(letter.body).toMatchObject({ content: [{ text: 'hello' }] });
    expect(letter.body['attempt_log']).toHaveLength(3);
    receiver.behaviour = () => ({});
    const again = await http.post(`/gateway/dead-letters/${id}/redeliver`);
    expect([again.status, again.body['status']]).toEqual([202, 'queued']);
    await untilStatus(id, 'sent');
    expect((await http.get('/gateway/dead-letters')).body['dead_letters']).toEqual([]);
    for (const path of [`/gateway/dead-letters/${id}`, '/gateway/dead-letters/nothing'])
      expect((await http.get(path)).status).toBe(404);
    expect((await http.post(`/gateway/dead-letters/${id}/redeliver`)).status).toBe(404);
    await receiver.close();
  });

  test('410 is the end at once, and disables the endpoint', async () => {
    const receiver = await WebhookReceiver.start(() => ({ status: 410 }));
    await register('gone', receiver.url());
    const id = await queue('gone');
    expect(await untilStatus(id, 'dead')).toMatchObject({ attempts: 1 });
    const refused = await http.post('/gateway/send', {
      from_agent_id: 'a',
      to_agent_id: 'gone',
      content: [{}],
      metadata: { delivery: 'queued' },
    });
    expect(refused.status).toBe(404);
    await receiver.close();
  });

  test('Retry-After is respected', async () => {
    const times: number[] = [];
    const receiver = await WebhookReceiver.start(() => {
      times.push(Date.now());
      return times.length === 1 ? { status: 429, headers: { 'retry-after': '2' } } : {};
    });
    await register('busy', receiver.url());
    await untilStatus(await queue('busy'), 'sent');
    expect(times[1]! - times[0]!).toBeGreaterThan(1_900);
    await receiver.close();
  });
});

describe('nothing is lost', () => {
  test('by kill -9 while an endpoint is down: everything arrives once it is up', async () => {
    await start({ GATEWAY_OUTBOX_FIRST_DELAY: '500ms' });
    const port = await freePort();
    await register('down', `http://127.0.0.1:${port}/`);
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => queue('down', String(i))));
    await gateway.kill9();
    await gateway.restart();
    const receiver = await WebhookReceiver.start(undefined, port);
    await eventually(() => new Set(idsOf(receiver)).size === ids.length, { timeoutMs: 60_000 });
    expect(new Set(idsOf(receiver))).toEqual(new Set(ids));
    for (const id of ids) await untilStatus(id, 'sent');
    await receiver.close();
  });

  test('by a receiver that is away: members and bots get it when they are back', async () => {
    await start({ ...FAST, GATEWAY_OUTBOX_ATTEMPTS: '50', GATEWAY_OUTBOX_MAX_DELAY: '500ms' });
    const seen: unknown[] = [];
    const bot = (): Bot => {
      const made = connectBot({
        url: gateway.botUrl,
        card: { name: 'talker', skills: [] },
        onTask: () => undefined,
        onMessage: ({ content: [block] }) => void seen.push(block?.['text']),
      });
      bots.push(made);
      return made;
    };
    await bot().ready;
    const first = await queue('talker', 'one');
    expect(await untilStatus(first, 'sent')).toMatchObject({ attempts: 1 });
    await Promise.all(bots.splice(0).map((one) => one.close()));
    await eventually(async () => (await http.agents()).every(({ name }) => name !== 'talker'));
    const gone = await http.post('/gateway/send', {
      from_agent_id: 'a',
      to_agent_id: 'talker',
      content: [{}],
      metadata: { delivery: 'queued' },
    });
    expect(gone.status).toBe(404);
    await bot().ready;
    const second = await queue('talker', 'two');
    await untilStatus(second, 'sent');
    expect(seen).toEqual(['one', 'two']);
  });

  test('for one that polls: it is in the inbox, and queued until it is acknowledged', async () => {
    await start();
    await http.post('/gateway/register', { agent_id: 'poller', delivery: 'pull' });
    const id = await queue('poller');
    expect((await message(id))['status']).toBe('queued');
    const { body } = await http.get('/gateway/inbox/poller?wait=5s');
    expect(body['messages']).toMatchObject([{ message_id: id }]);
    await http.post('/gateway/inbox/poller/ack', { message_ids: [id] });
    expect((await message(id))['status']).toBe('acknowledged');
  });
});

test('an endpoint that hangs slows no other', async () => {
  await start({ GATEWAY_WEBHOOKS_TIMEOUT: '5s' });
  const hanging = await WebhookReceiver.start(() => ({ hang: true }));
  const healthy = await WebhookReceiver.start();
  await register('hanging', hanging.url());
  await register('healthy', healthy.url());
  await Promise.all(Array.from({ length: 50 }, () => queue('hanging')));
  const ids = await Promise.all(Array.from({ length: 20 }, () => queue('healthy')));
  await healthy.until(20);
  for (const id of ids) await untilStatus(id, 'sent');
  // None of the hanging ones has been given up meanwhile: nobody waited for them.
  expect((await http.get('/gateway/dead-letters')).body['dead_letters']).toEqual([]);
  await Promise.all([hanging.close(), healthy.close()]);
});
