import type { Clock } from '../../../core/clock.js';
import type { Payload } from './remote-client.js';

/** Opens a stream of payloads that the signal ends. */
export type Source = (signal: AbortSignal) => AsyncIterable<Payload>;

export interface Silence {
  readonly clock: Clock;
  /** How long nothing may come before somebody asks, milliseconds. */
  readonly afterMs: number;
  /** Looks after the task meanwhile; what it returns is the end of the stream, undefined: wait on. */
  readonly ask: () => Promise<Payload | undefined>;
}

const SILENT = Symbol('silent');

/** What a source brings, and whether there is still somebody when it brings nothing. */
export async function* heard(
  source: Source,
  outer: AbortSignal,
  silence: Silence,
): AsyncGenerator<Payload, void, undefined> {
  const own = new AbortController();
  const events = source(AbortSignal.any([outer, own.signal]))[Symbol.asyncIterator]();
  try {
    for (let next = events.next(); ;) {
      const item = await orSilent(next, silence);
      if (item === SILENT) {
        const end = await silence.ask();
        if (end) return yield end;
      } else if (item.done) return;
      else {
        yield item.value;
        next = events.next();
      }
    }
  } finally {
    own.abort();
    // Waits for nobody: a stream under way ends by its signal.
    void events.return?.().catch(() => undefined);
  }
}

async function orSilent<T>(next: Promise<T>, { clock, afterMs }: Silence): Promise<T | typeof SILENT> {
  const silent = Promise.withResolvers<typeof SILENT>();
  const timer = clock.after(afterMs, () => silent.resolve(SILENT));
  try {
    return await Promise.race([next, silent.promise]);
  } finally {
    timer.cancel();
  }
}
