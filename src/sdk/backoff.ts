/** Pauses that grow: `firstMs`, doubled each time up to `maxMs`, each between half and the whole of that at random. */
export class Backoff {
  private tries = 0;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
  ) {}

  /** Milliseconds to wait now. */
  next(): number {
    const whole = Math.min(this.firstMs * 2 ** this.tries++, this.maxMs);
    return whole / 2 + Math.random() * (whole / 2);
  }

  reset(): void {
    this.tries = 0;
  }
}

/** Resolves after `ms`; rejects at once with the signal's reason when it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
