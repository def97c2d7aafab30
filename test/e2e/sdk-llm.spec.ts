import { jsonSchema, tool } from 'ai';
import { convertArrayToReadableStream, MockLanguageModelV4 } from 'ai/test';
import {
  ask,
  createA2aApp,
  inputOf,
  Message,
  Part,
  RemoteA2aAgent,
  type A2aApp,
  type Agent,
  type AgentEvent,
} from '../../src/sdk/a2a/index.js';
import { LlmAgent } from '../../src/sdk/llm/index.js';

/** Language models as agents, with a model that is a script. */

type Options = ConstructorParameters<typeof MockLanguageModelV4>[0] & {};
type StreamResult = Extract<NonNullable<Options['doStream']>, { stream: unknown }>;
type Chunk = StreamResult['stream'] extends ReadableStream<infer T> ? T : never;

const USAGE = {
  inputTokens: { total: 1, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: undefined, reasoning: undefined },
};

const turn = (reason: 'stop' | 'tool-calls', ...chunks: Chunk[]): StreamResult => ({
  stream: convertArrayToReadableStream<Chunk>([
    { type: 'stream-start', warnings: [] },
    ...chunks,
    { type: 'finish', finishReason: { unified: reason, raw: undefined }, usage: USAGE },
  ]),
});

const speak = (...words: string[]): Chunk[] => [
  { type: 'text-start', id: 't' },
  ...words.map((delta): Chunk => ({ type: 'text-delta', id: 't', delta })),
  { type: 'text-end', id: 't' },
];
const says = (...words: string[]) => turn('stop', ...speak(...words));
const calls = (toolName: string, input: unknown, ...before: Chunk[]) =>
  turn('tool-calls', ...before, {
    type: 'tool-call',
    toolCallId: 'c',
    toolName,
    input: JSON.stringify(input),
  });

/** A model that takes these turns, one for each call of it. */
const model = (...turns: StreamResult[]) => new MockLanguageModelV4({ doStream: turns });

async function all(events: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const list: AgentEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

const double = tool({
  description: 'Doubles a number',
  inputSchema: jsonSchema<{ n: number }>({ type: 'object', properties: { n: { type: 'number' } } }),
  execute: ({ n }) => 2 * n,
});

const apps: A2aApp[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

test('talks as the model does, word by word', async () => {
  const mock = model(says('Hello ', 'there'));
  const agent = LlmAgent.builder('greeter').description('Greets').instruction('Be kind.').model(mock).build();
  expect(await all(agent.run(inputOf('Hi')))).toEqual([
    { type: 'text', text: 'Hello ' },
    { type: 'text', text: 'there' },
  ]);
  expect(mock.doStreamCalls[0]!.prompt).toMatchObject([
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
  ]);
});

test('the model gets the conversation, files and data; what is somewhere else is not fetched', async () => {
  const mock = model(says('ok'));
  const agent = LlmAgent.builder('reader').model(mock).build();
  const history = [Message.text('first'), Message.builder().role('agent').text('second').build()];
  const message = Message.builder()
    .text('third')
    .part(Part.data({ n: 1 }))
    .part(Part.file({ uri: 'http://169.254.169.254/secrets' }))
    .part(Part.file({ name: 'a.png', mimeType: 'image/png', bytes: new Uint8Array([1, 2]) }))
    .build();
  await ask(agent, message, { history });
  expect(mock.doStreamCalls[0]!.prompt).toMatchObject([
    { role: 'user', content: [{ type: 'text', text: 'first' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'second' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'third' },
        { type: 'text', text: '{"kind":"data","data":{"n":1}}' },
        { type: 'text', text: '{"kind":"file","file":{"uri":"http://169.254.169.254/secrets"}}' },
        { type: 'file', mediaType: 'image/png' },
      ],
    },
  ]);
});

test('uses tools; texts of several steps stand on lines of their own', async () => {
  const mock = model(calls('double', { n: 21 }, ...speak('One moment.')), says('It is 42.'));
  const agent = LlmAgent.builder('calculator').model(mock).tool('double', double).build();
  const events = await all(agent.run(inputOf('Double 21')));
  expect(events).toEqual([
    { type: 'text', text: 'One moment.' },
    { type: 'progress', text: 'calculator asks double' },
    { type: 'text', text: '\n' },
    { type: 'text', text: 'It is 42.' },
  ]);
  expect(JSON.stringify(mock.doStreamCalls[1]!.prompt)).toContain('"value":42');
});

describe('sub-agents', () => {
  const sub = (run: Agent['run'], name = 'prime_agent'): Agent => ({
    name,
    description: 'Knows primes',
    run,
  });
  const root = (mock: MockLanguageModelV4, ...agents: Agent[]) =>
    new LlmAgent({ name: 'root', description: 'Orchestrates', model: mock, subAgents: agents });

  test('are tools: asked by name, in the conversation of the one who asks', async () => {
    const contexts: string[] = [];
    const prime = sub(async function* ({ message, contextId }) {
      contexts.push(contextId);
      yield { type: 'progress', text: 'thinking' };
      yield { type: 'text', text: `yes: ${JSON.stringify(message.parts[0])}` };
    });
    const mock = model(calls('prime_agent', { request: 'Is 7 prime?' }), says('7 is prime.'));
    expect(await ask(root(mock, prime), 'Is 7 prime?', { contextId: 'c1' })).toBe('7 is prime.');
    expect(contexts).toEqual(['c1']);
    expect(mock.doStreamCalls[0]!.tools).toMatchObject([
      { name: 'prime_agent', description: 'Knows primes' },
    ]);
    expect(JSON.stringify(mock.doStreamCalls[1]!.prompt)).toContain('yes: ');
  });

  test('that fail or ask back are for the model to deal with', async () => {
    const failing = sub(async function* () {
      throw new Error('out of numbers');
    }, 'failing');
    const asking = sub(async function* () {
      yield { type: 'input-required', text: 'Which number?' };
    }, 'asking');
    const mock = model(
      calls('failing', { request: 'x' }),
      calls('asking', { request: 'x' }),
      says('I could not find out.'),
    );
    expect(await ask(root(mock, failing, asking), 'go')).toBe('I could not find out.');
    const seen = JSON.stringify(mock.doStreamCalls[2]!.prompt);
    expect(seen).toContain('out of numbers');
    expect(seen).toContain('asking asks: Which number?');
  });

  test('need names of their own that a tool can have', () => {
    const agent = sub(async function* () {});
    expect(() => root(model(), { ...agent, name: 'prime agent' })).toThrow('letters');
    expect(() => root(model(), agent, agent)).toThrow('another tool');
  });

  test('remote ones work alike, and the whole is served over A2A', async () => {
    const serve = async (agent: Agent) => {
      const app = createA2aApp(agent);
      apps.push(app);
      return RemoteA2aAgent.builder(agent.name)
        .description(agent.description)
        .agentUrl(await app.listen(0))
        .build();
    };
    const prime = await serve(
      sub(async function* () {
        yield { type: 'text', text: 'prime!' };
      }),
    );
    const mock = model(calls('prime_agent', { request: 'Is 7 prime?' }), says('7 is ', 'prime.'));
    const remote = await serve(root(mock, prime));
    expect(await all(remote.run(inputOf('Is 7 prime?')))).toEqual([
      { type: 'progress', text: 'root asks prime_agent' },
      { type: 'text', text: '7 is ' },
      { type: 'text', text: 'prime.' },
    ]);
    expect(JSON.stringify(mock.doStreamCalls[1]!.prompt)).toContain('prime!');
  });
});

test('a model that fails fails the agent', async () => {
  const mock = new MockLanguageModelV4({
    doStream: () => Promise.reject(new Error('no such model')),
  });
  const agent = new LlmAgent({ name: 'broken', description: '', model: mock });
  await expect(ask(agent, 'x')).rejects.toThrow('no such model');
});

test('a model that finds no end is stopped', async () => {
  const mock = model(calls('double', { n: 1 }), calls('double', { n: 2 }));
  const agent = LlmAgent.builder('looping').model(mock).tool('double', double).maxSteps(2).build();
  await expect(ask(agent, 'x')).rejects.toThrow('looping has not finished within 2 steps');
});

test('a canceled task stops the model and its tools', async () => {
  const started = Promise.withResolvers<AbortSignal | undefined>();
  const slow = tool({
    inputSchema: jsonSchema<{ n: number }>({ type: 'object' }),
    execute: (_: { n: number }, { abortSignal }): Promise<number> => {
      started.resolve(abortSignal);
      return new Promise(() => undefined);
    },
  });
  const agent = LlmAgent.builder('slow')
    .model(model(calls('slow', {})))
    .tool('slow', slow)
    .build();
  const enough = new AbortController();
  const failed = expect(ask(agent, 'x', { signal: enough.signal })).rejects.toThrow('enough');
  const signal = await started.promise;
  enough.abort(new Error('enough'));
  await failed;
  expect(signal?.aborted).toBe(true);
});

test('a model is needed', () => {
  expect(() => LlmAgent.builder('x').build()).toThrow('model');
});
