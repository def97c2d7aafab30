import fc from 'fast-check';
import { anAction, aSetup } from './actions.js';
import { World } from './world.js';

/** `MODEL_RUNS=5000` for a long look; `MODEL_SEED` and `MODEL_PATH` (both are printed on failure) play one run again. */
const { MODEL_RUNS = '5000', MODEL_SEED, MODEL_PATH } = process.env;
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
      interruptAfterTimeLimit: Number(process.env['MODEL_MS'] ?? 45_000),
      markInterruptAsFailure: false,
      ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
      ...(MODEL_PATH === undefined ? {} : { path: MODEL_PATH }),
    });
  }, 600_000);
});
