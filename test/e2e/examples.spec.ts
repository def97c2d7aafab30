import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
${use}`,
    );
    expect((await run(process.execPath, [cjs])).stdout).toBe('false\nfalse\nfunction function x\n');
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
