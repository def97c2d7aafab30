import type { Clock, Timer } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';

/** How often somebody who waits looks whether the storage still takes writes, in milliseconds. */
const LOOK_MS = 200;
const RETRY_S = 5;

/**
 * Waits for a write that the store keeps, but not for a storage that is down: the write stays in line meanwhile.
 * @throws GatewayError STORAGE_UNAVAILABLE
 */
export async function unlessDown(
  write: Promise<void>,
  store: { readonly available: boolean },
  clock: Clock,
): Promise<void> {
  let timer: Timer | undefined;
  const down = new Promise<never>((_, reject) => {
    const look = () => (store.available ? wait() : reject(keptForLater()));
    const wait = () => (timer = clock.after(LOOK_MS, look));
    wait();
  });
  try {
    await Promise.race([write, down]);
  } finally {
    timer?.cancel();
  }
}

const keptForLater = (): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage takes no writes now; this is done once it is back', {
    retryAfterS: RETRY_S,
  });
