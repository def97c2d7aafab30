#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { GatewayRefusal, GatewayUnreachable } from '../sdk/index.js';
import { version } from '../transport/version.js';
import { addAgents } from './agents-command.js';
import { addBot } from './bot-command.js';
import { addAudit } from './audit-command.js';
import { addDeliveries } from './deliveries-command.js';
import { CommandFailed, EXIT, TaskFailed } from './exit-codes.js';
import { addKey } from './key-command.js';
import { addTask } from './task-command.js';

const AFTER_HELP = `
Where and who:  --url and --token, or the variables AGENT_GATEWAY_URL (http://127.0.0.1:8443) and AGENT_GATEWAY_TOKEN.
Exit codes:     0 done · 1 the task failed, or the gateway refused · 2 wrong use · 3 the gateway cannot be reached · 130 interrupted`;

/** Commands that read their own options; they run without a gateway. */
const OWN: Readonly<
  Record<string, { readonly about: string; readonly run: (args: string[]) => Promise<number> }>
> = {
  serve: { about: 'run the gateway, configured by GATEWAY_… and config/', run: serve },
  token: {
    about: 'print an access token, signed with the configured secret',
    run: async (args) => (await import('./token.js')).main(args),
  },
  certs: {
    about: 'make certificates for development',
    run: async (args) => (await import('./certs.js')).main(args),
  },
  backup: {
    about: 'copy the database while the gateway runs',
    run: async (args) => (await import('./backup.js')).main(args),
  },
};

/** Ends only by a signal. */
async function serve(): Promise<number> {
  await import('../main.js');
  return new Promise<never>(() => undefined);
}

function program(): Command {
  const root = new Command('agent-gateway')
    .description('The gateway that owns the task: run it, give it work, work for it.')
    .version(version)
    .showHelpAfterError('(add --help to see what is allowed)')
    .addHelpText('after', AFTER_HELP)
    .exitOverride();
  for (const [name, { about }] of Object.entries(OWN))
    root.command(name).description(about).allowUnknownOption();
  addTask(root);
  addAgents(root);
  addBot(root);
  addDeliveries(root);
  addKey(root);
  addAudit(root);
  return root;
}

/** @returns the exit code */
export async function main(args: string[]): Promise<number> {
  const [first = '', ...rest] = args;
  try {
    const own = Object.hasOwn(OWN, first) ? OWN[first] : undefined;
    if (own) return await own.run(rest);
    await program().parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return exitCodeOf(error);
  }
}

/** Says on standard error what went wrong; commander has done so already for wrong use. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof TaskFailed) return EXIT.failed;
  const known = [CommandFailed, GatewayRefusal, GatewayUnreachable].some((type) => error instanceof type);
  if (!known || !(error instanceof Error)) throw error;
  process.stderr.write(`agent-gateway: ${error.message}\n`);
  return error instanceof GatewayUnreachable ? EXIT.unreachable : EXIT.failed;
}

if (require.main === module) {
  // The gateway itself stops cleanly, in its own time.
  if (process.argv[2] !== 'serve') process.once('SIGINT', () => process.exit(EXIT.interrupted));
  void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
}
