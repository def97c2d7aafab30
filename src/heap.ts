import { setFlagsFromString } from 'node:v8';

/*
 * Settings of V8's heap that must count before the other modules load; imported first. Measured with `npm run bench`.
 *
 * - A larger young generation: requests are short-lived, and the rarer they are looked through the fewer survive by
 *   chance. A fifth of the CPU time under load. V8 takes this one on the command line only, so the process starts itself
 *   again in its own place (the same pid, nothing else is running yet).
 * - Loading some thousand modules makes the young generation grow to its limit, and V8 never gives that back: 25 MB of an
 *   idle gateway. So it does not grow until the gateway is ready.
 * - A scavenge here is short, and shared out to helper threads it costs more CPU time than it saves.
 */
const YOUNG_MB = 64;
const YOUNG = '--max-semi-space-size';
const NO_GROWTH = 1;
/** V8's own default. */
const GROWTH = 2;

/** Whoever chose a size himself keeps it; where a process cannot be replaced (or a parent talks to it), V8's default stays. */
function startAgainWithYoungHeap(): void {
  const { execPath, execArgv, argv, env } = process;
  const chosen = [...execArgv, env['NODE_OPTIONS'] ?? ''].some((flag) => flag.includes(YOUNG));
  if (chosen || process.platform === 'win32' || process.connected) return;
  process.execve?.(execPath, [execPath, `${YOUNG}=${YOUNG_MB}`, ...execArgv, ...argv.slice(1)], env);
}

startAgainWithYoungHeap();
setFlagsFromString(`--semi-space-growth-factor=${NO_GROWTH}`);
setFlagsFromString('--no-parallel-scavenge');

/** From now on the young generation grows with the load. */
export const letYoungHeapGrow = (): void => setFlagsFromString(`--semi-space-growth-factor=${GROWTH}`);
