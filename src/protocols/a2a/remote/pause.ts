import type { Clock } from '../../../core/clock.js';

/** Resolves after `ms` milliseconds, or at once when the signal says so. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** Milliseconds before try number `tries` (from 1): twice as long each time, and never the same for all who wait. */
export function backoff(tries: number, minMs: number, maxMs: number): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(tries - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}
