import type { Namespace } from '../../core/ids.js';
import type {
  Delivery,
  DeliveryAttempt,
  DeliveryState,
  DeliverySummary,
  NewDelivery,
} from '../../core/delivery.js';

/** A delivery that is put in, with its times, milliseconds since the epoch. It is due at once. */
export interface NewDeliveryRecord extends NewDelivery {
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What a try changes, or (attempt null) giving up without one. */
export interface Settlement {
  readonly state: Exclude<DeliveryState, 'waiting'>;
  readonly attempt: DeliveryAttempt | null;
  /** Why it is not delivered. */
  readonly error: string | null;
  /** When it is tried again; of one that has ended: when it ended. */
  readonly at: number;
}

export interface DeliveryFilter {
  readonly status?: DeliveryState | undefined;
  readonly kind?: string | undefined;
  /** 1 to 200. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface DeliveryPage {
  readonly deliveries: readonly DeliverySummary[];
  readonly nextCursor: string | null;
}

export type DeliveryKey = Pick<Delivery, 'id' | 'order'>;

/** Open deliveries of one order or of one endpoint. */
export type DeliveryGroup = { readonly order: string } | { readonly endpoint: string };

/** How many there are. */
export type DeliveryCounts = Readonly<Record<Exclude<DeliveryState, 'delivered'>, number>>;

/**
 * Port: what has to go out, until the retention deletes it.
 *
 * A promise of a write resolves when the write is committed and on disk. Writes take effect in the order of the calls.
 * While the storage refuses writes, `enqueue` and `redeliver` reject with STORAGE_UNAVAILABLE and leave nothing behind;
 * the others are kept and done, in order, once the storage is back. Reads go on meanwhile.
 */
export abstract class OutboxStore {
  /** All or none. @throws GatewayError STORAGE_UNAVAILABLE; CONFLICT when an id exists */
  abstract enqueue(deliveries: readonly NewDeliveryRecord[]): Promise<void>;
  /** Records a try of an open delivery; when that ends it, the next one of its order is released. Not open any more: nothing. */
  abstract settle(delivery: DeliveryKey, settlement: Settlement): Promise<void>;
  /** Gives open deliveries up without a try. */
  abstract abandon(group: DeliveryGroup, reason: string, at: number): Promise<void>;
  /** Deletes what is open of an order: nobody wants it any more. */
  abstract discard(order: string): Promise<void>;
  /** Starts a dead delivery again, with all its attempts. @throws GatewayError CONFLICT when it is not dead */
  abstract redeliver(delivery: DeliveryKey, at: number, expiresAt: number): Promise<void>;
  /** Deletes at most `limit` deliveries that ended before a moment; resolves to how many. */
  abstract purge(endedBefore: number, limit: number): Promise<number>;

  abstract get(id: string): Promise<Delivery | undefined>;
  /** Every try, oldest first; of one that was started again, the earlier ones too. */
  abstract attempts(id: string): Promise<readonly DeliveryAttempt[]>;
  /** Newest first; `namespace` null: all. */
  abstract list(namespace: Namespace | null, filter: DeliveryFilter): Promise<DeliveryPage>;
  /** Pending deliveries of an endpoint, the ones that are due first come first, at most `limit`. */
  abstract pending(endpoint: string, limit: number): Promise<readonly DeliverySummary[]>;
  /** Endpoints that have pending deliveries. */
  abstract endpoints(): Promise<readonly string[]>;
  abstract counts(): Promise<DeliveryCounts>;

  /** False while writes are refused. */
  abstract readonly available: boolean;
}
