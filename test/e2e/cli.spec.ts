import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { silent, TestBot } from '../support/test-bot.js';
import { Receiver } from '../support/receiver.js';
import { tokenFor } from '../support/tokens.js';

/** The command line, as a shell calls it. */

const CLI = join(__dirname, '../../dist/cli/main.js');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let gateway: GatewayProcess;
let http: Orchestrator;
let scratch: string;
const bots: ChildProcess[] = [];

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
  scratch = mkdtempSync(join(tmpdir(), 'gateway-cli-'));
});
afterEach(async () => {
  for (const bot of bots.splice(0)) {
    bot.kill('SIGTERM');
    if (bot.exitCode === null) await once(bot, 'exit');
  }
  await eventually(async () => (await http.agents()).length === 0);
});
afterAll(() => rmSync(scratch, { recursive: true }));

const environment = (more: object = {}): NodeJS.ProcessEnv => {
  const outer = Object.entries(process.env).filter(
    ([name]) => !/^(GATEWAY_|FORCE_COLOR|NO_COLOR)/.test(name),
  );
  return { ...Object.fromEntries(outer), AGENT_GATEWAY_URL: gateway.httpUrl, ...more };
};

function cli(
  args: readonly string[],
  { env = {}, input = '' }: { env?: object; input?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [CLI, ...args],
      { env: environment(env) },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

/** A bot that runs a shell command per task; resolves when it is online. */
async function aBot(command: string, ...args: readonly string[]): Promise<ChildProcess> {
  const given = [
    'bot',
    '--exec',
    command,
    '--skill',
    'work',
    '--name',
    'shell-bot',
    '--bot-url',
    gateway.botUrl,
    '--json',
  ];
  const bot = spawn(process.execPath, [CLI, ...given, ...args], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  bots.push(bot);
  await eventually(async () => (await http.agents()).some(({ name }) => name === 'shell-bot'));
  return bot;
}

describe('help and wrong use', () => {
  test.each([
    [['--help'], ['serve', 'token', 'certs', 'backup', 'task', 'agents', 'bot', 'Exit codes']],
    [
      ['task', '--help'],
      ['submit', 'watch', 'get', 'cancel', 'list'],
    ],
    [
      ['task', 'submit', '--help'],
      ['--watch', '--priority', '--json', '--url'],
    ],
    [
      ['bot', '--help'],
      ['--exec', 'TASK_JSON', 'progress:'],
    ],
    [['token', '--help'], ['--sub']],
    [['certs', '--help'], ['--revoke']],
  ])('%j', async (args, words) => {
    const { code, stdout } = await cli(args);
    expect(code).toBe(0);
    for (const word of words) expect(stdout).toContain(word);
  });

  test('the version', async () => {
    expect((await cli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [['nonsense'], 'unknown command'],
    [['task', 'submit', 'work'], 'instruction'],
    [['task', 'submit', 'work', 'x', '--priority', 'urgent'], 'high, medium, low'],
    [['task', 'submit', 'work', 'x', '--constraints', '[1]'], 'JSON object'],
    [['task', 'list', '--limit', '0'], 'whole number'],
    [['agents', '--url', 'ftp://x'], 'http://'],
    [['bot', '--skill', 'x'], '--exec'],
    [['token'], '--sub'],
    [['key', 'create', 'x', '--rights', 'root'], 'read, execute, admin'],
    [['key', 'create', 'x', '--ttl', 'soon'], 'a duration'],
  ])('%j: exit code 2, and what is allowed', async (args, words) => {
    const { code, stderr, stdout } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  test('a gateway that is not there: exit code 3', async () => {
    const { code, stderr } = await cli(['agents'], {
      env: { AGENT_GATEWAY_URL: `http://127.0.0.1:${await freePort()}` },
    });
    expect(code).toBe(3);
    expect(stderr).toContain('cannot be reached');
  });
});

describe('tasks', () => {
  test('submit and watch: events line by line, the result, exit code 0; without a terminal no colours', async () => {
    await aBot('echo "progress: 40 half way" >&2; tr a-z A-Z');
    const { code, stdout } = await cli(['task', 'submit', 'work', 'hello', '--watch']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^t-[0-9a-f]{32} → shell-bot\n/);
    expect(stdout).toContain('40 % half way');
    expect(stdout).toMatch(/completed +HELLO\n$/);
    expect(stdout).not.toContain('\u001b[');
    expect(
      (await cli(['task', 'submit', 'work', 'x', '--watch'], { env: { FORCE_COLOR: '1' } })).stdout,
    ).toContain('\u001b[');
  });

  test('--json: every line is a value', async () => {
    await aBot('cat');
    const submitted = await cli(
      ['task', 'submit', 'work', '-', '--watch', '--json', '--constraints', '{"n":1}'],
      { input: 'from stdin' },
    );
    const lines = submitted.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ status: 'queued', assigned_agent: 'shell-bot' });
    expect(lines.at(-1)).toMatchObject({ event: 'completed', artifact: { text: 'from stdin' } });
    const id = String(lines[0]!['task_id']);
    expect(JSON.parse((await cli(['task', 'get', id, '--json'])).stdout)).toMatchObject({
      task_id: id,
      status: 'completed',
    });
    expect((await cli(['task', 'get', id])).stdout).toContain('from stdin');
    const agents = await cli(['agents', '--json']);
    expect(JSON.parse(agents.stdout)).toMatchObject({ name: 'shell-bot' });
    expect((await cli(['agents'])).stdout).toMatch(/NAME.*LOAD.*\nshell-bot/);
  });

  test('a command that fails: the task fails with the end of its standard error, exit code 1', async () => {
    await aBot('echo "no paper left" >&2; exit 3');
    const { code, stdout } = await cli(['task', 'submit', 'work', 'x', '--watch']);
    expect(code).toBe(1);
    expect(stdout).toContain('exit 3: no paper left');
  });

  test('what the gateway refuses: exit code 1, and why', async () => {
    const { code, stderr } = await cli(['task', 'submit', 'nobody', 'x']);
    expect(code).toBe(1);
    expect(stderr).toContain('no online agent has the skill');
    expect((await cli(['task', 'get', 't-nowhere'])).code).toBe(1);
  });

  test('an agent that asks: the question is shown, continue answers it', async () => {
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'asker',
      skills: ['ask'],
      behaviour: silent,
    });
    const id = (await cli(['task', 'submit', 'ask', 'x'])).stdout.trim();
    await bot.expectTask(id);
    expect(await cli(['task', 'continue', id, 'too early'])).toMatchObject({ code: 1 });
    await bot.report(id, { status: 'input_required', message: 'which one?' });
    expect((await cli(['task', 'get', id])).stdout).toMatch(/input_required[^]*which one\?/);
    const answered = cli(['task', 'continue', id, '-', '--watch'], { input: 'the second' });
    const { text } = await bot.expectTask(1);
    expect(text).toBe('the second');
    await bot.complete(id, { text: 'done' });
    const { stdout, code } = await answered;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/queued[^]*the second[^]*completed[^]*done/)]);
    expect(stdout).not.toContain('which one?');
    await bot.close();
  });

  test('list and cancel; an idempotency key makes no second task', async () => {
    const submit = () => cli(['task', 'submit', 'later', 'x', '--wait-for-agent', '--key', 'once']);
    const [first, second] = [await submit(), await submit()];
    expect(second.stdout).toBe(first.stdout);
    const id = first.stdout.trim();
    expect((await cli(['task', 'list', '--skill', 'later'])).stdout).toContain(id);
    expect((await cli(['task', 'cancel', id])).stdout).toContain('canceled');
    expect(await cli(['task', 'cancel', id])).toMatchObject({ code: 1 });
    expect((await cli(['task', 'list', '--skill', 'later', '--status', 'queued'])).stdout).toBe('no tasks\n');
    expect(await cli(['task', 'watch', id])).toMatchObject({ code: 1 });
  });

  test('watch after the last event of a completed task: nothing to say, exit code 0', async () => {
    await aBot('cat');
    const { stdout } = await cli(['task', 'submit', 'work', 'x', '--watch', '--json']);
    const [ack, ...events] = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { task_id: string; seq: number });
    const after = String(events.at(-1)!.seq);
    expect(await cli(['task', 'watch', ack!.task_id, '--after', after])).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  test('a token comes from the environment', async () => {
    const closed = await GatewayProcess.start({ env: AUTH_ON });
    const env = { AGENT_GATEWAY_URL: closed.httpUrl };
    expect((await cli(['agents'], { env })).stderr).toContain('Authorization');
    expect(
      await cli(['agents'], { env: { ...env, AGENT_GATEWAY_TOKEN: tokenFor('production') } }),
    ).toMatchObject({
      code: 0,
      stdout: 'no agent is online\n',
    });
  });
});

describe('key', () => {
  test('create, list, revoke: the key alone goes to standard output, and opens what it should', async () => {
    const closed = await GatewayProcess.start({ env: AUTH_ON });
    const as = (token: string) => ({
      env: { AGENT_GATEWAY_URL: closed.httpUrl, AGENT_GATEWAY_TOKEN: token },
    });
    const admin = as(tokenFor('production', { scope: 'admin' }));
    expect((await cli(['key', 'list'], admin)).stdout).toBe('no keys\n');
    const made = await cli(['key', 'create', 'dashboard', '--rights', 'read', '--ttl', '1d'], admin);
    expect(made.stdout).toMatch(/^agk_\w{16}_[\w-]{43}\n$/);
    expect(made.stderr).toMatch(/namespace production, rights read, any agent, expires 20/);
    const key = made.stdout.trim();
    expect(await cli(['agents'], as(key))).toMatchObject({ code: 0, stdout: 'no agent is online\n' });
    expect(await cli(['key', 'list'], as(key))).toMatchObject({ code: 1 });
    const [, id = ''] = key.split('_');
    expect((await cli(['key', 'list'], admin)).stdout).toMatch(new RegExp(`ID.*\n${id}.*dashboard\n$`));
    expect(await cli(['key', 'revoke', id], admin)).toMatchObject({ code: 0, stdout: `${id}  revoked\n` });
    expect(await cli(['key', 'revoke', id], admin)).toMatchObject({ code: 1 });
    expect(await cli(['agents'], as(key))).toMatchObject({ code: 1 });
  });
});

describe('deliveries', () => {
  test('list, show, redeliver: what was given up is seen and started again', async () => {
    const receiver = await Receiver.start(() => 410);
    const submitted = await cli([
      'task',
      'submit',
      'none',
      'x',
      '--wait-for-agent',
      '--callback',
      receiver.url(),
    ]);
    const task = submitted.stdout.trim();
    await http.cancel(task);
    const list = () => cli(['deliveries', 'list', '--status', 'dead', '--kind', 'callback', '--json']);
    const dead = await eventually(async () => {
      const { stdout } = await list();
      return stdout === '' ? undefined : (JSON.parse(stdout) as { delivery_id: string; task_id: string });
    });
    expect(dead.task_id).toBe(task);
    const id = dead.delivery_id;
    expect((await cli(['deliveries', 'list'])).stdout).toMatch(new RegExp(`^${id} +callback +dead +1 `, 'm'));
    expect((await cli(['deliveries', 'show', id])).stdout).toMatch(/status 410[^]*"event":"canceled"/);
    receiver.reply = () => 200;
    expect(await cli(['deliveries', 'redeliver', id])).toMatchObject({
      code: 0,
      stdout: `${id} is pending\n`,
    });
    await eventually(async () =>
      (await cli(['deliveries', 'show', id, '--json'])).stdout.includes(`"status":"delivered"`),
    );
    expect((await cli(['deliveries', 'redeliver', id])).code).toBe(1);
    expect((await cli(['deliveries', 'show', 'd-none'])).code).toBe(1);
    expect((await list()).stdout).toBe('');
  });
});

describe('bot --exec', () => {
  test('a cancel ends the command with all its children', async () => {
    const alive = join(scratch, 'alive');
    await aBot(`trap "" TERM; (while true; do touch ${alive}; sleep 0.05; done) & wait`);
    const { task_id } = await http.submit({ skill: 'work' });
    await eventually(() => existsSync(alive));
    await http.cancel(task_id);
    await eventually(
      async () => {
        rmSync(alive, { force: true });
        await new Promise((resolve) => setTimeout(resolve, 150));
        return !existsSync(alive);
      },
      { timeoutMs: 15_000 },
    );
  });

  test('a large output in many pieces, with characters split between them, is whole', async () => {
    await aBot('i=0; while [ $i -lt 3000 ]; do printf "摘要%s" $i; i=$((i+1)); done');
    const { task_id } = await http.submit({ skill: 'work' });
    await (await http.stream(task_id)).toEnd();
    const whole = Array.from({ length: 3000 }, (_, i) => `摘要${i}`).join('');
    expect((await http.task(task_id))['artifact']).toEqual({ text: whole });
  });

  test('SIGTERM: finishes what it has, then ends with 0', async () => {
    const bot = await aBot('sleep 0.3; echo done');
    const { task_id } = await http.submit({ skill: 'work' });
    bot.kill('SIGTERM');
    const [code] = (await once(bot, 'exit')) as [number];
    expect(code).toBe(0);
    expect(await http.task(task_id)).toMatchObject({ status: 'completed', artifact: { text: 'done\n' } });
  });

  test('the instruction reaches the command as data, never as code', async () => {
    await aBot('cat');
    const evil = `"; touch ${join(scratch, 'pwned')}; $(touch ${join(scratch, 'pwned')}) \`id\``;
    const { code, stdout } = await cli(['task', 'submit', 'work', evil, '--watch', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ artifact: { text: evil } });
    expect(existsSync(join(scratch, 'pwned'))).toBe(false);
  });
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'serve runs the gateway until %s, and ends it cleanly',
  async (signal) => {
    const [web, sockets] = [await freePort(), await freePort()];
    const env = {
      GATEWAY_HTTP_PORT: `${web}`,
      GATEWAY_BOTS_PORT: `${sockets}`,
      GATEWAY_STORAGE_URL: 'sqlite::memory:',
    };
    const server = spawn(process.execPath, [CLI, 'serve'], {
      env: environment(env),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    server.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    await eventually(() => printed.includes('agent-gateway ready'), { timeoutMs: 20_000 });
    expect((await fetch(`http://127.0.0.1:${web}/health`)).status).toBe(200);
    server.kill(signal);
    expect(await once(server, 'exit')).toEqual([0, null]);
  },
);
