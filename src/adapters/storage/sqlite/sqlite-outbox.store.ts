import type { Delivery, DeliveryAttempt, DeliveryRequest, DeliverySummary } from '../../../core/delivery.js';
import type { Namespace } from '../../../core/ids.js';
import {
  OutboxStore,
  type DeliveryCounts,
  type DeliveryFilter,
  type DeliveryGroup,
  type DeliveryKey,
  type DeliveryPage,
  type NewDeliveryRecord,
  type Settlement,
} from '../../../engine/messages/outbox.store.js';
import { listDeliveries } from '../delivery-list.js';
import { toAttempt, toDelivery, toDeliveryRow, toSummary } from '../delivery-rows.js';
import { deliveryStatements } from '../delivery-statements.js';
import type { DeliveryAttemptRow, DeliveryRequestRow, DeliveryRow } from '../schema.js';
import type { Op } from './protocol.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { builder, op, statements } from './statements.js';

const STATEMENTS = statements(deliveryStatements);

/** Puts deliveries in, as part of a write. */
export const deliveryOps = (deliveries: readonly NewDeliveryRecord[]): Op[] =>
  deliveries.flatMap((delivery) => [
    op(STATEMENTS.insertDelivery, toDeliveryRow(delivery)),
    op(STATEMENTS.insertRequest, { delivery_id: delivery.id, request: JSON.stringify(delivery.request) }),
  ]);

/** The outbox in the gateway's SQLite file. */
export class SqliteOutboxStore extends OutboxStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override get available(): boolean {
    return this.database.available;
  }

  override enqueue(deliveries: readonly NewDeliveryRecord[]): Promise<void> {
    return deliveries.length === 0 ? Promise.resolve() : this.database.write(deliveryOps(deliveries), true);
  }

  override settle({ id, order }: DeliveryKey, { state, attempt, error, at }: Settlement): Promise<void> {
    const ended = state !== 'pending';
    const row = { id, state, error, due_at: at, ended_at: ended ? at : null, tried: attempt ? 1 : 0 };
    const ops = [op(STATEMENTS.settle, row)];
    if (attempt) ops.push(op(STATEMENTS.insertAttempt, attemptRow(id, attempt)));
    if (ended && order !== undefined) ops.push(op(STATEMENTS.release, { order_key: order }));
    return this.database.write(ops, false);
  }

  override abandon(group: DeliveryGroup, error: string, at: number): Promise<void> {
    const given = { error, ended_at: at };
    const one =
      'order' in group
        ? op(STATEMENTS.abandonOrder, { order_key: group.order, ...given })
        : op(STATEMENTS.abandonEndpoint, { endpoint: group.endpoint, ...given });
    return this.database.write([one], false);
  }

  override async discard(order: string): Promise<void> {
    const values = { order_key: order };
    const rows = await this.database.all<{ id: string }, typeof values>(STATEMENTS.openOfOrder, values);
    await this.delete(rows, false);
  }

  override redeliver({ id, order }: DeliveryKey, at: number, expiresAt: number): Promise<void> {
    const values = { id, order_key: order ?? null, due_at: at, expires_at: expiresAt };
    return this.database.write([op(STATEMENTS.redeliver, values, true)], true);
  }

  override async purge(endedBefore: number, limit: number): Promise<number> {
    const values = { before: endedBefore, limit };
    const rows = await this.database.all<{ id: string }, typeof values>(STATEMENTS.ended, values);
    await this.delete(rows, true);
    return rows.length;
  }

  override async get(id: string): Promise<Delivery | undefined> {
    const row = await this.database.one<DeliveryRow, { id: string }>(STATEMENTS.delivery, { id });
    const kept = await this.database.one<DeliveryRequestRow, { id: string }>(STATEMENTS.request, { id });
    return row && kept && toDelivery(row, JSON.parse(kept.request) as DeliveryRequest);
  }

  override async attempts(id: string): Promise<readonly DeliveryAttempt[]> {
    return (await this.database.all<DeliveryAttemptRow, { id: string }>(STATEMENTS.attemptsOf, { id })).map(
      toAttempt,
    );
  }

  override list(namespace: Namespace | null, filter: DeliveryFilter): Promise<DeliveryPage> {
    return listDeliveries((query) => this.database.scan(query), builder, namespace, filter);
  }

  override async pending(endpoint: string, limit: number): Promise<readonly DeliverySummary[]> {
    const values = { endpoint, limit };
    return (await this.database.all<DeliveryRow, typeof values>(STATEMENTS.pending, values)).map(toSummary);
  }

  override async endpoints(): Promise<readonly string[]> {
    const rows = await this.database.all<{ endpoint: string }, object>(STATEMENTS.endpoints, {});
    return rows.map(({ endpoint }) => endpoint);
  }

  override async counts(): Promise<DeliveryCounts> {
    const { countPending: pending, countWaiting: waiting, countDead: dead } = STATEMENTS;
    return {
      pending: await this.count(pending),
      waiting: await this.count(waiting),
      dead: await this.count(dead),
    };
  }

  private async count(statement: typeof STATEMENTS.countDead): Promise<number> {
    const row = await this.database.one<{ count: number }, object>(statement, {});
    return row?.count ?? 0;
  }

  private async delete(rows: readonly { readonly id: string }[], refusable: boolean): Promise<void> {
    const { deleteDelivery, deleteRequest, deleteAttempts } = STATEMENTS;
    const ops = rows.flatMap(({ id }) =>
      [deleteDelivery, deleteRequest, deleteAttempts].map((statement) => op(statement, { id })),
    );
    if (ops.length > 0) await this.database.write(ops, refusable);
  }
}

const attemptRow = (id: string, { at, ms, status, error }: DeliveryAttempt) => ({
  delivery_id: id,
  at,
  ms,
  status: status ?? null,
  error: error ?? null,
});
