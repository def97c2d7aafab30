import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { Webhook as SvixWebhook } from 'svix';
import {
  connectBot,
  PollWorker,
  verifyWebhook,
  webhookReceiver,
  WebhookSignatureError,
  type Bot,
  type PushWire,
  type WebhookOptions,
} from '../../src/sdk/index.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Signatures by other people's libraries; the SDK's receiver and worker, a bot and a shell script against a real gateway. */

let gateway: GatewayProcess;
let http: Orchestrator;
const servers: Server[] = [];
const workers: PollWorker[] = [];
const bots: Bot[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { GATEWAY_WEBHOOKS_INBOX_LEASE: '2s' } });
  http = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close({ timeoutMs: 100 })));
  await Promise.all(bots.splice(0).map((bot) => bot.close({ timeoutMs: 0 })));
  for (const server of servers.splice(0)) server.close().closeAllConnections();
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await http.cancelAll();
});

const register = async (fields: Fields): Promise<string> =>
  String((await http.post('/gateway/register', fields)).body['webhook_secret']);
const send = (to: string, text: string): Promise<Answer> =>
  http.post('/gateway/send', {
    from_agent_id: 'sender-001',
    to_agent_id: to,
    content: [{ type: 'text', text }],
  });

async function served(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

describe('signatures', () => {
  const headersOf = ({ headers }: WebhookReceiver['received'][number]) => headers as Record<string, string>;

  test('another library takes what is posted, and nothing that was changed', async () => {
    const receiver = await WebhookReceiver.start();
    const secret = await register({ agent_id: 'signed', webhook_url: receiver.url() });
    await send('signed', '你好');
    const [post] = receiver.received;
    expect(new SvixWebhook(secret).verify(post!.text, headersOf(post!))).toEqual(post!.body);
    expect(() => new SvixWebhook(secret).verify(`${post!.text} `, headersOf(post!))).toThrow();
    expect(post!.headers['webhook-id']).toBe(post!.body['message_id']);
    expect(verifyWebhook(post!.headers, post!.text, { secret })).toBe(post!.body['message_id']);
    for (const [headers, text, options] of [
      [post!.headers, `${post!.text} `, { secret }],
      [{ ...post!.headers, 'webhook-id': 'msg-other' }, post!.text, { secret }],
      [post!.headers, post!.text, { secret, now: Date.now() + 301_000 }],
      [post!.headers, post!.text, { secret: `whsec_${Buffer.alloc(32).toString('base64')}` }],
      [{}, post!.text, { secret }],
    ] as const)
      expect(() => verifyWebhook(headers, text, options)).toThrow(WebhookSignatureError);
    await receiver.close();
  });

  test('while a secret is rotated both are valid; afterwards only the new one', async () => {
    const receiver = await WebhookReceiver.start();
    const own = `whsec_${Buffer.from('a secret of the agent itself, 32').toString('base64')}`;
    await register({ agent_id: 'signed', webhook_url: receiver.url(), webhook_secret: own });
    const rotate = async (overlap_s: number): Promise<string> =>
      String((await http.post('/gateway/agents/signed/rotate-secret', { overlap_s })).body['webhook_secret']);
    const fresh = await rotate(600);
    await send('signed', 'both');
    const both = receiver.received[0]!;
    for (const secret of [own, fresh])
      expect(new SvixWebhook(secret).verify(both.text, headersOf(both))).toEqual(both.body);
    const last = await rotate(0);
    await send('signed', 'one');
    const one = receiver.received[1]!;
    expect(new SvixWebhook(last).verify(one.text, headersOf(one))).toEqual(one.body);
    for (const secret of [own, fresh])
      expect(() => new SvixWebhook(secret).verify(one.text, headersOf(one))).toThrow();
    await receiver.close();
  });
});

describe.each(['node:http', 'Express'])('the receiver of the SDK in %s', (kind) => {
  async function receive(options: Omit<WebhookOptions, 'secret'>): Promise<string> {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const handler = webhookReceiver({ secret, ...options });
    const app = express().post('/hook', (req, res) => handler(req, res));
    const url = await served(kind === 'Express' ? app : (req, res) => void handler(req, res));
    await register({ agent_id: 'sdk', webhook_url: url, webhook_secret: secret, capabilities: ['work'] });
    return url;
  }

  test('takes messages once, and only from the gateway', async () => {
    const seen: PushWire[] = [];
    let fail = true;
    const url = await receive({
      onMessage: (message) => {
        if (fail) throw new Error('not now');
        seen.push(message);
      },
    });
    expect((await send('sdk', 'hello')).status).toBe(502);
    fail = false;
    expect((await send('sdk', 'hello')).status).toBe(200);
    expect(seen).toMatchObject([{ content: [{ text: 'hello' }] }]);
    const forged = await fetch(url, { method: 'POST', body: JSON.stringify(seen[0]) });
    expect(forged.status).toBe(401);
    expect(seen).toHaveLength(1);
  });

  test('answers tasks in the HTTP response', async () => {
    await receive({ onTask: ({ instruction }) => `did ${instruction}` });
    const { task_id: id } = await http.submit({ skill: 'work', instruction: 'x' });
    expect(await http.untilStatus(id, 'completed')).toMatchObject({ artifact: { text: 'did x' } });
  });

  test('reports later, with progress; what it throws fails the task', async () => {
    await receive({
      gateway: { url: gateway.httpUrl },
      onTask: async (task) => {
        await task.progress(30, 'on it');
        if (task.instruction === 'bad') throw new Error('no spade');
        return { parts: [{ type: 'text', text: 'y' }] };
      },
    });
    const { task_id: good } = await http.submit({ skill: 'work', instruction: 'good' });
    expect(await http.untilStatus(good, 'completed')).toMatchObject({
      artifact: { parts: [{ type: 'text', text: 'y' }] },
      progress: { pct: 30, message: 'on it' },
    });
    const { task_id: bad } = await http.submit({ skill: 'work', instruction: 'bad' });
    expect(await http.untilStatus(bad, 'failed')).toMatchObject({ error: 'no spade' });
  });
});

describe('the worker of the SDK', () => {
  async function work(options: Partial<ConstructorParameters<typeof PollWorker>[0]>): Promise<PollWorker> {
    const worker = new PollWorker({
      gateway: { url: gateway.httpUrl },
      agentId: 'poller',
      capabilities: ['dig'],
      ...options,
    });
    workers.push(worker);
    await worker.ready;
    return worker;
  }

  test('takes messages and tasks, and keeps what takes longer than a lease', async () => {
    const seen: unknown[] = [];
    await work({
      concurrency: 2,
      onMessage: ({ content: [block] }) => void seen.push(block?.['text']),
      onTask: async ({ instruction }) => {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        return `dug ${instruction}`;
      },
    });
    const { task_id: id } = await http.submit({ skill: 'dig', instruction: 'here' });
    await send('poller', 'hello');
    expect(await http.untilStatus(id, 'completed', 20_000)).toMatchObject({
      artifact: { text: 'dug here' },
      attempt: 1,
    });
    expect(seen).toEqual(['hello']);
  });

  test('stops at a cancellation, and registers again with a gateway that does not know it', async () => {
    const stopped = Promise.withResolvers<void>();
    await work({
      concurrency: 2,
      onTask: ({ signal }) => {
        signal.addEventListener('abort', () => stopped.resolve());
        return new Promise<string>(() => undefined);
      },
    });
    const { task_id: id } = await http.submit({ skill: 'dig' });
    await http.untilStatus(id, 'running');
    await http.cancel(id);
    await stopped.promise;
    await http.post('/gateway/unregister', { agent_id: 'poller' });
    await eventually(async () => (await http.agent('poller')) !== undefined, { timeoutMs: 20_000 });
  });
});

test('examples/pull-worker.sh does its work', async () => {
  const script = join(__dirname, '../../examples/pull-worker.sh');
  children.push(spawn('sh', [script, gateway.httpUrl, 'shell-worker', 'shell'], { stdio: 'ignore' }));
  await eventually(async () => (await http.agent('shell-worker')) !== undefined, { timeoutMs: 15_000 });
  const instruction = 'dig "here", \\ and\nthere, ünd 那里';
  const { task_id: id } = await http.submit({ skill: 'shell', instruction });
  expect(await http.untilStatus(id, 'completed', 15_000)).toMatchObject({
    artifact: { text: `done: ${instruction}` },
  });
  const { body } = await send('shell-worker', 'hello');
  await eventually(
    async () =>
      (await http.get(`/gateway/messages/${String(body['message_id'])}`)).body['status'] === 'acknowledged',
    { timeoutMs: 15_000 },
  );
});

test('a bot gets messages over its own connection', async () => {
  const seen: PushWire[] = [];
  const bot = connectBot({
    url: gateway.botUrl,
    card: { name: 'talker', skills: [] },
    onTask: () => undefined,
    onMessage: (message) => void seen.push(message),
  });
  bots.push(bot);
  await bot.ready;
  const { status, body } = await send('talker', 'hello');
  expect([status, body['status']]).toEqual([200, 'sent']);
  await eventually(() => seen.length === 1);
  expect(seen[0]).toMatchObject({
    message_id: body['message_id'],
    from_agent_id: 'sender-001',
    content: [{ type: 'text', text: 'hello' }],
  });
});
