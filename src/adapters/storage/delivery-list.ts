import { sql, type CompiledQuery, type Kysely } from 'kysely';
import type { Namespace } from '../../core/ids.js';
import type { DeliveryFilter, DeliveryPage } from '../../engine/messages/outbox.store.js';
import { toSummary } from './delivery-rows.js';
import type { Schema } from './schema.js';

/** Runs a query. */
type Run = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;

/** A page of deliveries, newest first. */
export async function listDeliveries(
  run: Run,
  db: Kysely<Schema>,
  namespace: Namespace | null,
  filter: DeliveryFilter,
): Promise<DeliveryPage> {
  const { limit } = filter;
  const rows = await run(
    page(db, namespace, filter)
      .limit(limit + 1) // the one more tells whether there is another page
      .compile(),
  );
  const deliveries = rows.slice(0, limit).map(toSummary);
  return { deliveries, nextCursor: rows.length > limit ? (deliveries.at(-1)?.id ?? null) : null };
}

function page(db: Kysely<Schema>, namespace: Namespace | null, { status, kind, cursor }: DeliveryFilter) {
  let query = db.selectFrom('deliveries').selectAll().orderBy('position', 'desc');
  if (namespace !== null) query = query.where('namespace', '=', namespace);
  // As a literal: only so SQLite sees that the index of the dead ones has all that is wanted.
  if (status !== undefined) query = query.where('state', '=', sql.lit(status));
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (cursor !== undefined)
    query = query.where('position', '<', (eb) =>
      eb.selectFrom('deliveries').select('position').where('id', '=', cursor),
    );
  return query;
}
