import { letYoungHeapGrow } from './heap.js'; // first: see there
import { onEndSignal } from './signals.js'; // second: see there
import { loadConfig } from './config/load.js';
import { ConfigError } from './config/config.error.js';
import { Gateway } from './gateway.js';

/** Starts the gateway, tells when it is ready, ends it cleanly on a signal. */
async function main(): Promise<void> {
  const gateway = await Gateway.start(loadConfig({ env: process.env, cwd: process.cwd() }));
  let ending = false;
  const end = (code: number) => {
    if (ending) process.exit(code); // asked twice: now
    ending = true;
    void gateway.stop().then((clean) => process.exit(clean ? code : 1));
  };
  onEndSignal(() => end(0));
  process.on('unhandledRejection', (reason) => fatal('unhandled rejection', reason, end));
  process.on('uncaughtException', (error) => fatal('uncaught exception', error, end));
  process.stdout.write(`${gateway.readyLine}\n`);
  letYoungHeapGrow();
}

/** A defect: what it has broken is unknown, so the process ends; the next one takes the open tasks up. */
function fatal(what: string, error: unknown, end: (code: number) => void): void {
  process.stderr.write(`${what}: ${error instanceof Error ? error.stack : String(error)}\n`);
  end(1);
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  const text =
    error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`agent-gateway cannot start: ${text}\n`);
  process.exit(1);
});
