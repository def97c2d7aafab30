import { setFlagsFromString } from 'node:v8';

/*
 * Settings of V8's heap that must count before the other modules load; imported first. Measured with `npm run bench`.
 *
 * - Loading some thousand modules makes the young generation grow to its limit, and V8 never gives that back: 25 MB of an
 *   idle gateway. So it does not grow until the gateway is ready.
 * - A scavenge here is short, and shared out to helper threads it costs more CPU time than it saves: a sixth of the
 *   whole process under load.
 */
const NO_GROWTH = 1;
/** V8's own default. */
const GROWTH = 2;

setFlagsFromString(`--semi-space-growth-factor=${NO_GROWTH}`);
setFlagsFromString('--no-parallel-scavenge');

/** From now on the young generation grows with the load. */
export const letYoungHeapGrow = (): void => setFlagsFromString(`--semi-space-growth-factor=${GROWTH}`);
