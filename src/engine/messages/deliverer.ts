import type { Delivery, DeliveryOutcome } from '../../core/delivery.js';

/** How one kind of delivery is delivered. Registered with the {@link Outbox} before the gateway opens its listeners. */
export interface Deliverer {
  /**
   * One try; what it throws is a failed try. A receiver that takes it twice sees the same id.
   * @param signal aborts when the gateway stops
   */
  send(delivery: Delivery, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** It has been given up: no tries are left, its time is over, or trying again is useless. */
  gaveUp?(delivery: Delivery, outcome: DeliveryOutcome | undefined): Promise<void> | void;
}
