import { isoTime } from '../../core/clock.js';
import type { DeliveryAttempt, DeliverySummary } from '../../core/delivery.js';
import type { DeliveryView } from '../../engine/messages/outbox.service.js';
import type { DeliveryPage } from '../../engine/messages/outbox.store.js';
import type {
  DeliveryAttemptWire,
  DeliveryDetailsWire,
  DeliveryListWire,
  DeliveryWire,
} from './deliveries.wire.js';

const toDelivery = (delivery: DeliverySummary): DeliveryWire => ({
  delivery_id: delivery.id,
  kind: delivery.kind,
  namespace: delivery.namespace,
  endpoint: delivery.endpoint,
  status: delivery.state,
  ...(delivery.subject.taskId !== undefined && { task_id: delivery.subject.taskId }),
  ...(delivery.subject.messageId !== undefined && { message_id: delivery.subject.messageId }),
  attempts: delivery.attempts,
  ...(delivery.error !== null && { error: delivery.error }),
  created_at: isoTime(delivery.createdAt),
  ...(delivery.endedAt === null
    ? { due_at: isoTime(delivery.dueAt), expires_at: isoTime(delivery.expiresAt) }
    : { ended_at: isoTime(delivery.endedAt) }),
});

const toAttempt = ({ at, ms, status, error }: DeliveryAttempt): DeliveryAttemptWire => ({
  at: isoTime(at),
  ms,
  ...(status !== undefined && { status }),
  ...(error !== undefined && { error }),
});

export const toDeliveryList = ({ deliveries, nextCursor }: DeliveryPage): DeliveryListWire => ({
  deliveries: deliveries.map(toDelivery),
  next_cursor: nextCursor,
});

export const toDeliveryDetails = ({ delivery, attempts }: DeliveryView): DeliveryDetailsWire => ({
  ...toDelivery(delivery),
  url: delivery.request.url,
  body: delivery.request.body,
  attempt_log: attempts.map(toAttempt),
});
