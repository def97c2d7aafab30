import type { DeliveryState } from '../../core/delivery.js';

/** Something that goes out. Times are RFC 3339 in UTC; what it does not have is left out. */
export interface DeliveryWire {
  readonly delivery_id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly endpoint: string;
  readonly status: DeliveryState;
  readonly task_id?: string;
  readonly message_id?: string;
  /** Tries since it was put in or started again. */
  readonly attempts: number;
  readonly error?: string;
  readonly created_at: string;
  /** When it is tried next. */
  readonly due_at?: string;
  /** When it is given up at the latest. */
  readonly expires_at?: string;
  readonly ended_at?: string;
}

/** GET /deliveries. */
export interface DeliveryListWire {
  readonly deliveries: readonly DeliveryWire[];
  /** Give it as `cursor` for the next page; null: this was the last. */
  readonly next_cursor: string | null;
}

/** One try. */
export interface DeliveryAttemptWire {
  readonly at: string;
  readonly ms: number;
  /** Of the answer; absent: there was none. */
  readonly status?: number;
  /** Absent: it was taken. */
  readonly error?: string;
}

/** GET /deliveries/:id. */
export interface DeliveryDetailsWire extends DeliveryWire {
  readonly url: string | null;
  readonly body: string;
  /** Every try, oldest first. */
  readonly attempt_log: readonly DeliveryAttemptWire[];
}
