import type { Namespace } from './ids.js';
import type { JsonObject } from './json.js';

/**
 * The life of a delivery: `pending` (tried when it is due), `waiting` (behind an earlier one of its order),
 * `delivered` or `dead` (given up; an operator may start it again).
 */
export const DELIVERY_STATES = ['pending', 'waiting', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What it is about; for those who look at the list. */
export interface DeliverySubject {
  readonly taskId?: string | undefined;
  readonly messageId?: string | undefined;
}

/** What goes out. Credentials and signatures are not in here: the kind's deliverer adds them when it sends. */
export interface DeliveryRequest {
  /** Null: the kind delivers by another way than HTTP. */
  readonly url: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How long and how often it is tried; what is not said comes from the settings `outbox.…`. Milliseconds. */
export interface DeliveryPolicy {
  readonly attempts?: number | undefined;
  readonly firstDelayMs?: number | undefined;
  readonly maxDelayMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** Given up when it is older. */
  readonly expiryMs?: number | undefined;
}

/** Something to deliver. */
export interface NewDelivery {
  /** Stays the same over all attempts: the receiver can tell a repeat. */
  readonly id: string;
  /** Whose deliverer sends it: `callback`, `push`, `webhook`, … */
  readonly kind: string;
  readonly namespace: Namespace;
  /** Deliveries of one endpoint share its limit of attempts under way and its breaker. */
  readonly endpoint: string;
  readonly subject: DeliverySubject;
  /** Deliveries of one order go out one after the other, in the order in which they were put in. */
  readonly order?: string | undefined;
  readonly request: DeliveryRequest;
  readonly policy?: DeliveryPolicy | undefined;
  /** The kind's own. */
  readonly extra?: JsonObject | undefined;
}

/** One try. */
export interface DeliveryAttempt {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number;
  /** Of the answer; absent: there was none. */
  readonly status?: number | undefined;
  /** Absent: it was taken. */
  readonly error?: string | undefined;
}

/** A delivery as lists show it. Times are milliseconds since the epoch. */
export interface DeliverySummary extends Omit<NewDelivery, 'request'> {
  readonly state: DeliveryState;
  /** Tries since it was put in or started again. */
  readonly attempts: number;
  /** Of the last try that failed, or why it was given up. */
  readonly error: string | null;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | null;
}

/** A delivery as it is kept. */
export interface Delivery extends DeliverySummary {
  readonly request: DeliveryRequest;
}

/** How a try went. */
export type DeliveryOutcome =
  | { readonly ok: true; readonly status?: number | undefined }
  | {
      readonly ok: false;
      readonly error: string;
      readonly status?: number | undefined;
      /** The endpoint asks not to be asked again for so long, milliseconds. */
      readonly retryAfterMs?: number | undefined;
      /** Trying again is useless: the address is forbidden, or the endpoint is gone (410). */
      readonly final?: boolean | undefined;
      /** The endpoint answers, it only does not take this. */
      readonly alive?: boolean | undefined;
    };
