import { setFlagsFromString } from 'node:v8';

/*
 * Loading some thousand modules makes V8 grow its young generation to the limit, and it never gives that back: 25 MB of an
 * idle gateway. So it does not grow until the gateway is ready. Imported first, because it counts from then on.
 */
const NO_GROWTH = 1;
/** V8's own default. */
const GROWTH = 2;

setFlagsFromString(`--semi-space-growth-factor=${NO_GROWTH}`);

/** From now on the young generation grows with the load. */
export const letYoungHeapGrow = (): void => setFlagsFromString(`--semi-space-growth-factor=${GROWTH}`);
