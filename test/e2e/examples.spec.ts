import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';

/** The examples as they stand, and the SDK as a package: in plain Node, as ES module and as CommonJS, and for TypeScript. */

const ROOT = join(__dirname, '../..');
const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

function start(...args: readonly string[]): void {
  const env = { ...process.env, BOT_STEP_MS: '10' };
  running.push(spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] }));
}

const run = promisify(execFile);

test('bots and orchestrator work together', async () => {
  const gateway = await GatewayProcess.start();
  const http = new Orchestrator(gateway.httpUrl);
  start('examples/mock-nanobot.mjs', gateway.botUrl);
  start('examples/streaming-bot.mjs', gateway.botUrl);
  await eventually(async () => (await http.agents()).length === 2, { timeoutMs: 15_000 });
  const { stdout } = await run(process.execPath, ['examples/orchestrator.mjs', gateway.httpUrl], {
    cwd: ROOT,
  });
  expect(stdout).toContain('completed [mock summary] 请摘要');
  expect(stdout).toContain('[mock translation]');
  const { task_id } = await http.submit({ skill: 'story', instruction: 'a gateway' });
  const events = await (await http.stream(task_id)).toEnd();
  expect(events.filter(({ event }) => event === 'artifact').length).toBeGreaterThan(10);
  expect((await http.task(task_id))['artifact']).toEqual({
    text: 'Once upon a time there was a gateway. And they all lived happily ever after.',
  });
});

describe('the multi-agent example', () => {
  const DIE = /^You rolled a (\d+)\. \1 is (not )?a prime number\.$/m;
  const isPrime = (n: number): boolean =>
    n > 1 && !Array.from({ length: n }, (_, i) => i).some((i) => i > 1 && n % i === 0);

  async function ask(primeUrl: string): Promise<void> {
    const { stdout } = await run(process.execPath, ['examples/multi-agent/main.mjs', primeUrl], {
      cwd: ROOT,
    });
    expect(stdout).toContain('[root_agent asks roll_agent]\n[root_agent asks prime_agent]\n');
    const [, number, not] = DIE.exec(stdout) ?? [];
    expect(Number(number)).toBeLessThanOrEqual(20);
    expect(not === undefined).toBe(isPrime(Number(number)));
  }

  test('works offline, with prime_agent in a process of its own', async () => {
    const port = await freePort();
    start('examples/multi-agent/prime-agent.mjs', String(port));
    const card = `http://127.0.0.1:${port}/.well-known/agent.json`;
    await eventually(() => fetch(card).then(({ ok }) => ok), { timeoutMs: 15_000 });
    await ask(`http://127.0.0.1:${port}`);
  });

  test('and through the gateway', async () => {
    const gateway = await GatewayProcess.start();
    start('examples/multi-agent/prime-agent.mjs', gateway.botUrl);
    const http = new Orchestrator(gateway.httpUrl);
    await eventually(async () => (await http.agents()).length === 1, { timeoutMs: 15_000 });
    await ask(`${gateway.httpUrl}/a2a/agents/prime_agent`);
    const { body } = await http.get('/tasks');
    expect(body['tasks']).toMatchObject([{ skill: 'prime_agent', status: 'completed' }]);
  });
});

describe('the package', () => {
  let folder: string;
  // Within the project, so that it finds its own name as its dependants would.
  beforeAll(() => {
    folder = mkdtempSync(join(ROOT, 'dist', 'consumer-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const USE = `const client = new GatewayClient({ url: 'http://127.0.0.1:1', tries: 1 });
client.agents().catch((error) => console.log(error.name, typeof connectBot, Object.keys(require.cache ?? {}).some((name) => name.includes('@nestjs'))));`;

  test('in CommonJS, and it loads nothing of Nest', async () => {
    const path = file(
      'use.cjs',
      `const { GatewayClient, connectBot } = require('agent-gateway/sdk');\n${USE}`,
    );
    expect((await run(process.execPath, [path])).stdout).toBe('GatewayUnreachable function false\n');
  });

  test('as an ES module', async () => {
    const path = file(
      'use.mjs',
      `import { GatewayClient, connectBot } from 'agent-gateway/sdk';\n${USE.replace(/require\.cache/, 'undefined')}`,
    );
    expect((await run(process.execPath, [path])).stdout).toBe('GatewayUnreachable function false\n');
  });

  test('its A2A part, both ways; the rest does not load the official A2A SDK', async () => {
    const use = `console.log(typeof A2aClient.fromUrl, typeof RemoteA2aAgent.builder, Part.text('x').text);`;
    const cjs = file(
      'a2a.cjs',
      `require('agent-gateway/sdk');
const has = (name) => Object.keys(require.cache).some((path) => path.includes(name));
console.log(has('@a2a-js'));
const { A2aClient, RemoteA2aAgent, Part } = require('agent-gateway/sdk/a2a');
console.log(has('@nestjs'));
${use}
require('agent-gateway/sdk/llm');
console.log(has('/ai/dist'));`,
    );
    expect((await run(process.execPath, [cjs])).stdout).toBe('false\nfalse\nfunction function x\nfalse\n');
    const esm = file(
      'a2a.mjs',
      `import { A2aClient, RemoteA2aAgent, Part } from 'agent-gateway/sdk/a2a';\n${use}`,
    );
    expect((await run(process.execPath, [esm])).stdout).toBe('function function x\n');
  });

  test('with its types', async () => {
    const path = file(
      'use.mts',
      `import { connectBot, GatewayClient, type BotTask, type TaskWire } from 'agent-gateway/sdk';
const bot = connectBot({ url: 'ws://x', card: { name: 'a', skills: ['b'] }, onTask: (task: BotTask) => task.instruction });
const done: Promise<TaskWire> = new GatewayClient({ url: 'http://x' }).run({ skill: 'a', instruction: 'b' });
export { bot, done };
import { A2aClient, ask, Message, RemoteA2aAgent, type Agent, type AgentEvent } from 'agent-gateway/sdk/a2a';
const agent: Agent = { name: 'a', description: 'b', async *run(): AsyncGenerator<AgentEvent> { yield { type: 'text', text: 'c' }; } };
const answer: Promise<string> = ask(RemoteA2aAgent.builder('d').agentUrl('http://x').build(), Message.builder().text('e').build());
for await (const update of (await A2aClient.fromUrl('http://x')).sendStreamingMessage('f'))
  if (update.kind === 'artifact-update') console.log(update.artifact.parts, update.lastChunk);
  else if (update.kind === 'status-update') console.log(update.status.state, update.final);
export { agent, answer };
import { LlmAgent } from 'agent-gateway/sdk/llm';
const root: Agent = LlmAgent.builder('root').model('openai/gpt-5').subAgent(agent).build();
export { root };
// @ts-expect-error a skill is needed
void new GatewayClient({ url: 'http://x' }).submit({ instruction: 'b' });
`,
    );
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
      '--skipLibCheck',
      '--ignoreConfig',
    ];
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, path], {
      cwd: folder,
    });
  });
});
