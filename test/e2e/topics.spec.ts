import { Webhook as SvixWebhook } from 'svix';
import { EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { aString } from '../support/matchers.js';
import { Orchestrator, type Answer, type Fields } from '../support/orchestrator.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Topics: published once, and with every subscriber. */

let gateway: GatewayProcess;
let http: Orchestrator;
beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { GATEWAY_OUTBOX_FIRST_DELAY: '200ms' } });
  http = new Orchestrator(gateway.httpUrl);
});

const text = (value: string): Fields => ({ content: [{ type: 'text', text: value }] });
const publish = (topic: string, value: string, more: Fields = {}): Promise<Answer> =>
  http.post(`/gateway/topics/${topic}/publish`, { ...text(value), ...more });
const subscribe = async (fields: Fields): Promise<Fields> => {
  const { status, body } = await http.post('/gateway/subscriptions', fields);
  expect([status, body]).toEqual([200, expect.objectContaining({ subscription_id: aString })]);
  return body;
};
const watch = (topic: string): Promise<EventReader> =>
  EventReader.open(`${gateway.httpUrl}/gateway/topics/${topic}/stream`);
const said = (published: Fields): unknown => (published['content'] as { text: string }[])[0]!.text;

test('a stream begins with the last value, and goes on with what is published', async () => {
  expect((await publish('news', 'one')).body).toEqual({
    message_id: expect.stringMatching(/^msg-/) as string,
    topic: 'news',
    seq: 1,
    subscribers: 0,
  });
  await publish('news', 'two', { from_agent_id: 'reporter', metadata: { a: 1 } });
  const stream = await watch('news');
  await stream.until(1);
  expect((await publish('news', 'three')).body).toMatchObject({ seq: 3, subscribers: 1 });
  await publish('elsewhere', 'no');
  await publish('news', 'four');
  await stream.until(3);
  expect(stream.events.map(({ data }) => [data['seq'], said(data)])).toEqual([
    [2, 'two'],
    [3, 'three'],
    [4, 'four'],
  ]);
  expect(stream.events[0]!.data).toMatchObject({
    topic: 'news',
    from_agent_id: 'reporter',
    metadata: { a: 1 },
  });
  stream.close();
});

test('what is not retained nobody gets later', async () => {
  await publish('brief', 'kept');
  await publish('brief', 'gone', { retain: false });
  const stream = await watch('brief');
  await eventually(async () => (await publish('brief', 'live')).body['subscribers'] === 1);
  await stream.until(1);
  expect(said(stream.events[0]!.data)).toBe('live');
  stream.close();
});

test('agents get messages of their own, URLs signed posts, in order; the last value at once', async () => {
  await publish('rain', '0');
  await http.post('/gateway/register', { agent_id: 'poller', delivery: 'pull' });
  const hook = await WebhookReceiver.start();
  await http.post('/gateway/register', { agent_id: 'hook', webhook_url: hook.url() });
  const url = await WebhookReceiver.start();
  await subscribe({ topic: 'rain', agent_id: 'poller' });
  await subscribe({ topic: 'rain', agent_id: 'hook' });
  const { webhook_secret: secret } = await subscribe({ topic: 'rain', webhook_url: url.url() });
  for (const value of ['1', '2', '3']) expect((await publish('rain', value)).body['subscribers']).toBe(3);
  await Promise.all([hook.until(4), url.until(4)]);
  for (const { received } of [hook, url])
    expect(received.map(({ body }) => said(body))).toEqual(['0', '1', '2', '3']);
  expect(hook.received[1]!.body['metadata']).toEqual({ topic: 'rain', seq: 2 });
  const post = url.received[1]!;
  expect(post.body).toMatchObject({ topic: 'rain', seq: 2, conversation_id: 'topic-rain' });
  new SvixWebhook(String(secret)).verify(post.text, post.headers as Record<string, string>);
  const { body } = await http.get('/gateway/inbox/poller?wait=5s');
  expect((body['messages'] as Fields[]).map(said)).toEqual(['0', '1', '2', '3']);
  await Promise.all([hook.close(), url.close()]);
});

test('subscriptions and last values outlive a kill -9; what could not be posted is posted later', async () => {
  let up = false;
  const url = await WebhookReceiver.start(() => ({ status: up ? 200 : 500 }));
  const { subscription_id: id } = await subscribe({ topic: 'tide', webhook_url: url.url() });
  await publish('tide', 'high');
  await url.until(1);
  await gateway.kill9();
  await gateway.restart();
  up = true;
  await eventually(() => url.received.length > 1, { timeoutMs: 20_000 });
  const stream = await watch('tide');
  await stream.until(1);
  expect(said(stream.events[0]!.data)).toBe('high');
  stream.close();
  const { body } = await http.get('/gateway/subscriptions');
  expect(body['subscriptions']).toContainEqual(
    expect.objectContaining({ subscription_id: id, topic: 'tide', kind: 'webhook' }),
  );
  expect(JSON.stringify(body)).not.toContain(url.url());
  await url.close();
});

test('who has unsubscribed, or is gone for good, gets nothing any more', async () => {
  const url = await WebhookReceiver.start();
  const { subscription_id: id } = await subscribe({ topic: 'wind', webhook_url: url.url() });
  const path = `/gateway/subscriptions/${String(id)}`;
  expect((await http.request('DELETE', path)).body).toEqual({ status: 'unsubscribed' });
  expect((await http.request('DELETE', path)).status).toBe(404);
  expect((await publish('wind', 'none')).body['subscribers']).toBe(0);
  url.behaviour = () => ({ status: 410 });
  await http.post('/gateway/subscriptions', { topic: 'wind2', webhook_url: url.url() });
  await publish('wind2', 'one');
  await eventually(async () => (await publish('wind2', 'more')).body['subscribers'] === 0, {
    timeoutMs: 10_000,
    everyMs: 200,
  });
  await url.close();
});

test('what is wrong is 400', async () => {
  for (const body of [{}, { content: 'x' }, { ...text('x'), retain: 'yes' }])
    expect((await http.post('/gateway/topics/a/publish', body)).status).toBe(400);
  for (const body of [
    { topic: 'a' },
    { agent_id: 'b' },
    { topic: 'a', agent_id: 'b', webhook_url: 'http://127.0.0.1:1/' },
    { topic: 'a', webhook_url: 'ftp://x' },
    { topic: 'a', webhook_url: 'http://169.254.169.254/' },
  ])
    expect((await http.post('/gateway/subscriptions', body)).status).toBe(400);
});
