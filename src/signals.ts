/*
 * Imported before what takes long to load. The first process of a container (PID 1) has no default for SIGTERM: without
 * a handler the kernel drops it, and who stops the container during its start would wait until it is killed.
 */

/** Until the gateway is ready it has taken nothing in, so there is nothing to finish. */
let end = (): void => process.exit(0);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end());

/** What ends the process on SIGINT and SIGTERM from now on. */
export function onEndSignal(handler: () => void): void {
  end = handler;
}
