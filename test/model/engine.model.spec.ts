import fc from 'fast-check';
import { anAction, aSetup } from './actions.js';
import { World } from './world.js';

/**
 * `MODEL_RUNS=100000 MODEL_MS=600000` for a long look; `MODEL_SEED` and `MODEL_PATH` (a failure prints both) play one run again.
 * A new seed each time: every run of the suite looks at other orders.
 */
const { MODEL_RUNS = '4000', MODEL_MS = '40000', MODEL_SEED, MODEL_PATH } = process.env;
const ACTIONS = 200;

describe('the engine, whatever happens in whatever order', () => {
  it('loses nothing, doubles nothing, and comes to rest', async () => {
    const runs = fc.asyncProperty(
      aSetup,
      fc.array(anAction, { minLength: 1, maxLength: ACTIONS, size: 'max' }),
      (setup, actions) => World.play(setup, actions),
    );
    await fc.assert(runs, {
      numRuns: Number(MODEL_RUNS),
      interruptAfterTimeLimit: Number(MODEL_MS), // on a slow machine it looks at fewer
      markInterruptAsFailure: false,
      ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
      ...(MODEL_PATH === undefined ? {} : { path: MODEL_PATH }),
    });
  }, 900_000);
});
