import type { OutboxConfig } from '../../config/outbox.config.js';
import type { DeliveryPolicy, DeliverySummary } from '../../core/delivery.js';

/** Pauses are up to a fifth shorter or longer, so that what failed together does not come back together. */
const JITTER = 0.2;
/** The delivery's own policy, and the settings where it has none. */
export function policyOf(config: OutboxConfig, own: DeliveryPolicy = {}) {
  return {
    attempts: own.attempts ?? config.attempts,
    firstDelayMs: own.firstDelayMs ?? config.firstDelay,
    maxDelayMs: own.maxDelayMs ?? config.maxDelay,
    expiryMs: own.expiryMs ?? config.expiry,
  };
}

/**
 * Milliseconds until the next try of a delivery that has just failed once more; undefined: that was its last.
 * @param random from 0 to 1
 */
export function pauseAfter(
  config: OutboxConfig,
  { attempts, policy }: Pick<DeliverySummary, 'attempts' | 'policy'>,
  random: number,
  retryAfterMs = 0,
): number | undefined {
  const rules = policyOf(config, policy);
  const failed = attempts + 1;
  if (failed >= rules.attempts) return undefined;
  const whole = Math.min(rules.firstDelayMs * 2 ** (failed - 1), rules.maxDelayMs);
  const pause = whole * (1 - JITTER + 2 * JITTER * random);
  return Math.round(Math.max(pause, retryAfterMs));
}
