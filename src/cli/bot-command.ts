import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { connectBot, type BotEvent } from '../sdk/index.js';
import { numberUpTo } from './connection.js';
import { EXIT, TaskFailed } from './exit-codes.js';
import { plain, say, sayJson, state } from './output.js';
import { runShell } from './run-shell.js';

interface BotCommandOptions {
  readonly exec: string;
  readonly skill: string[];
  readonly name: string;
  readonly botUrl: string;
  readonly namespace?: string;
  readonly token?: string;
  readonly concurrency: number;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly json: boolean;
}

const AFTER_HELP = `
The command gets the instruction on standard input, and TASK_ID, TASK_SKILL, TASK_ATTEMPT and TASK_JSON (message,
constraints, metadata) in its environment. What it writes to standard output is the result, sent piece by piece. A line
"progress: 40 almost there" on standard error is progress. Exit code 0: completed; else the task fails with the last
lines of standard error. On a cancel the command and all its children are ended.

Example:  agent-gateway bot --skill shout --exec "tr a-z A-Z"`;

/** `agent-gateway bot`. */
export function addBot(root: Command): void {
  root
    .command('bot')
    .description('work on tasks: a shell command per task')
    .requiredOption('--exec <command>', 'the shell command')
    .requiredOption('--skill <id...>', 'what it can do')
    .option('--name <name>', 'id of the bot', `${hostname()}-bot`)
    .option(
      '--bot-url <url>',
      'the bot socket',
      process.env['AGENT_GATEWAY_BOT_URL'] ?? 'ws://127.0.0.1:8080/agent/register',
    )
    .option('--namespace <name>', 'the tenant; by default the token’s')
    .option('--token <token>', 'bearer token; better in AGENT_GATEWAY_TOKEN')
    .option('--concurrency <n>', 'tasks at the same time', numberUpTo(10_000), 1)
    .option('--ca <file>', 'PEM of the CA to trust')
    .option('--cert <file>', 'PEM of the client certificate (mTLS)')
    .option('--key <file>', 'PEM of its key')
    .option('--json', 'one JSON value per line, for programs', false)
    .addHelpText('after', AFTER_HELP)
    .action(work);
}

async function work(options: BotCommandOptions): Promise<void> {
  const {
    exec,
    skill,
    name,
    botUrl,
    namespace,
    token = process.env['AGENT_GATEWAY_TOKEN'],
    concurrency,
    json,
  } = options;
  const bot = connectBot({
    url: botUrl,
    card: { name, version: '1.0.0', skills: skill, max_concurrency: concurrency },
    tls: pemFiles(options),
    ...(namespace !== undefined && { namespace }),
    ...(token !== undefined && { token }),
    onTask: (task) => runShell(exec, task),
    onEvent: (event) => (json ? sayJson(event) : say(eventLine(event))),
  });
  const stop = () => void bot.close();
  process.removeAllListeners('SIGINT');
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const error = await bot.ended;
  if (!error) return;
  process.stderr.write(`agent-gateway: ${error.message}\n`);
  throw new TaskFailed(String(EXIT.failed));
}

function pemFiles({ ca, cert, key }: BotCommandOptions) {
  const given = Object.entries({ ca, cert, key }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(given.map(([name, file]) => [name, readFileSync(file)]));
}

function eventLine(event: BotEvent): string {
  switch (event.type) {
    case 'registered':
      return `registered as ${plain(event.agentId)} in ${plain(event.namespace)}`;
    case 'disconnected':
      return `disconnected: ${event.code} ${plain(event.reason)}${event.retryMs === undefined ? '' : '; coming back'}`;
    case 'stored':
      return `${event.id} ${state(event.status)}`;
    case 'refused':
      return `${event.id} ${state('failed')} ${plain(event.message)}`;
    case 'task':
      return `${event.id} ${state('running')} ${plain(event.skill)}`;
    case 'asked':
      return `${event.id} ${state('input_required')}`;
    case 'answered':
      return `${event.id} ${state('queued')}`;
    case 'canceled':
      return `${event.id} ${state('canceled')}`;
  }
}
