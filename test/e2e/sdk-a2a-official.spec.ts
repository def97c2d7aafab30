import {
  A2aClient,
  ask,
  inputOf,
  Message,
  RemoteA2aAgent,
  resultText,
  type AgentEvent,
  type UpdateEvent,
} from '../../src/sdk/a2a/index.js';
import { A2aAgent } from '../fakes/a2a-agent.js';
import { eventually } from '../support/eventually.js';

/** The SDK's client and remote agents against the official SDK's own server, in both versions and bindings. */

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const short = (update: UpdateEvent): string =>
  'status' in update ? `${update.kind} ${update.status.state}` : update.kind;

const agents: A2aAgent[] = [];
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.close())));

describe.each([
  ['1.0', 'JSONRPC'],
  ['1.0', 'HTTP+JSON'],
  ['0.3', 'JSONRPC'],
  ['0.3', 'HTTP+JSON'],
] as const)('A2A %s by %s', (version, binding) => {
  async function start(more: { readonly streaming?: boolean } = {}): Promise<A2aAgent> {
    const agent = await A2aAgent.start({ version, binding, ...more });
    agents.push(agent);
    return agent;
  }
  const remoteOf = ({ url }: A2aAgent) => RemoteA2aAgent.builder('remote').agentUrl(url).build();

  test('the card tells what is spoken', async () => {
    const { url } = await start();
    const { card } = await A2aClient.fromUrl(url);
    expect(card).toMatchObject({
      name: 'remote',
      url: `${url}/a2a`,
      supportedInterfaces: [{ protocolBinding: binding }],
      capabilities: { streaming: true },
      skills: [{ id: 'echo', tags: ['agent', 'sub_agent:echo'] }],
    });
  });

  test('messages, tasks, refusals', async () => {
    const client = await A2aClient.fromUrl((await start()).url);
    const { result } = await client.sendMessage('hello');
    expect(resultText(result!)).toBe('echo: hello');
    if (result?.kind !== 'task') throw new Error('expected a task');
    expect(await client.getTask(result.id, { historyLength: 0 })).toMatchObject({
      id: result.id,
      status: { state: 'completed' },
    });
    expect((await client.sendMessage('message just words')).result).toMatchObject({
      kind: 'message',
      role: 'agent',
      parts: [{ kind: 'text', text: 'just words' }],
    });
    await expect(client.getTask('nope')).rejects.toMatchObject({ name: 'A2aRpcError', code: -32001 });
    await expect(client.cancelTask(result.id)).rejects.toMatchObject({ code: -32002 });
    const { error } = await client.sendMessage(Message.builder().text('x').taskId('nope').build());
    expect(error).toMatchObject({ code: -32001 });
  });

  test('streams', async () => {
    const client = await A2aClient.fromUrl((await start()).url);
    const updates = await all(client.sendStreamingMessage('chunks 3'));
    expect(updates.map(short)).toEqual([
      'task submitted',
      'status-update working',
      'artifact-update',
      'artifact-update',
      'artifact-update',
      'status-update completed',
    ]);
    // The official SDK loses `append` in HTTP+JSON of 0.3.
    const append = version === '1.0' || binding === 'JSONRPC';
    expect(updates[4]).toMatchObject({ append, lastChunk: true, artifact: { name: 'Answer' } });
    await expect(all(client.resubscribe('nope'))).rejects.toMatchObject({ code: -32001 });
  });

  test('a task is followed and canceled by others', async () => {
    const agent = await start();
    const client = await A2aClient.fromUrl(agent.url);
    const { result } = await client.sendMessage('hold', { returnImmediately: true });
    if (result?.kind !== 'task') throw new Error('expected a task');
    const follower = client.resubscribe(result.id);
    expect((await follower.next()).value).toMatchObject({ kind: 'task', id: result.id });
    expect((await client.cancelTask(result.id)).status.state).toBe('canceled');
    expect((await all(follower)).map(short).at(-1)).toBe('status-update canceled');
  });

  test.each([true, false])('a remote agent answers, asks back, fails (streaming: %s)', async (streaming) => {
    const remote = remoteOf(await start({ streaming }));
    expect(await ask(remote, 'chunks 3')).toBe('1 2 3 ');
    expect(await ask(remote, 'message just words')).toBe('just words');
    await expect(ask(remote, 'fail out of paper')).rejects.toMatchObject({
      state: 'failed',
      said: 'out of paper',
    });
    await expect(ask(remote, 'reject not mine')).rejects.toMatchObject({
      state: 'rejected',
      said: 'not mine',
    });
    const events: AgentEvent[] = [];
    for (const text of ['ask me', 'the blue one'])
      events.push(...(await all(remote.run(inputOf(text, { contextId: 'c' })))));
    expect(events.filter(({ type }) => type !== 'progress')).toEqual([
      { type: 'input-required', text: 'which one?' },
      { type: 'text', text: 'echo: the blue one' },
    ]);
  });

  test('a remote agent survives the loss of its connection, and passes on that nobody waits', async () => {
    const agent = await start();
    const remote = remoteOf(agent);
    const events = remote.run(inputOf('hold'));
    expect((await events.next()).value).toEqual({ type: 'progress', text: 'working' });
    const next = events.next();
    await agent.cut();
    agent.release();
    const rest = [(await next).value as AgentEvent, ...(await all(events))];
    expect(rest.filter(({ type }) => type === 'text')).toEqual([{ type: 'text', text: 'echo: hold' }]);
    const enough = new AbortController();
    const unwanted = remote.run(inputOf('hold', { signal: enough.signal }));
    await unwanted.next();
    enough.abort(new Error('enough'));
    await expect(unwanted.next()).rejects.toThrow('enough');
    await eventually(() => agent.canceled.length === 1);
  });
});
