import type {
  Delivery,
  DeliveryAttempt,
  DeliveryPolicy,
  DeliveryRequest,
  DeliveryState,
  DeliverySummary,
} from '../../core/delivery.js';
import type { Follower } from '../../core/follower.js';
import type { Namespace, TaskId } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { NewDeliveryRecord } from '../../engine/messages/outbox.store.js';
import type { NewDeliveryRow } from './delivery-statements.js';
import type { DeliveryAttemptRow, DeliveryRow, TaskFollowerRow } from './schema.js';

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
const parsed = <T>(text: string | null): T | undefined =>
  text === null ? undefined : (JSON.parse(text) as T);

export const toDeliveryRow = (delivery: NewDeliveryRecord): NewDeliveryRow => ({
  id: delivery.id,
  kind: delivery.kind,
  namespace: delivery.namespace,
  endpoint: delivery.endpoint,
  task_id: delivery.subject.taskId ?? null,
  message_id: delivery.subject.messageId ?? null,
  order_key: delivery.order ?? null,
  policy: json(delivery.policy),
  extra: json(delivery.extra),
  created_at: delivery.createdAt,
  expires_at: delivery.expiresAt,
});

type StoredRow = Omit<DeliveryRow, 'position'>;

export const toDelivery = (row: StoredRow, request: DeliveryRequest): Delivery => ({
  ...toSummary(row),
  request,
});

export const toSummary = (row: StoredRow): DeliverySummary => ({
  id: row.id,
  kind: row.kind,
  namespace: row.namespace as Namespace,
  endpoint: row.endpoint,
  subject: {
    ...(row.task_id !== null && { taskId: row.task_id }),
    ...(row.message_id !== null && { messageId: row.message_id }),
  },
  ...(row.order_key !== null && { order: row.order_key }),
  ...(row.policy !== null && { policy: parsed<DeliveryPolicy>(row.policy) }),
  ...(row.extra !== null && { extra: parsed<JsonObject>(row.extra) }),
  state: row.state as DeliveryState,
  attempts: row.attempts,
  error: row.error,
  createdAt: row.created_at,
  dueAt: row.due_at,
  expiresAt: row.expires_at,
  endedAt: row.ended_at,
});

export const toAttempt = ({
  at,
  ms,
  status,
  error,
}: Omit<DeliveryAttemptRow, 'position'>): DeliveryAttempt => ({
  at,
  ms,
  ...(status !== null && { status }),
  ...(error !== null && { error }),
});

export const toFollowerRow = (follower: Follower): TaskFollowerRow => ({
  task_id: follower.taskId,
  id: follower.id,
  namespace: follower.namespace,
  kind: follower.kind,
  config: follower.config,
  next_seq: follower.nextSeq,
  done: follower.done ? 1 : 0,
  created_at: follower.createdAt,
});

export const toFollower = (row: TaskFollowerRow): Follower => ({
  taskId: row.task_id as TaskId,
  id: row.id,
  namespace: row.namespace as Namespace,
  kind: row.kind,
  config: row.config,
  nextSeq: row.next_seq,
  done: row.done === 1,
  createdAt: row.created_at,
});
