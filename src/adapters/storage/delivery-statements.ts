import { sql, type Kysely } from 'kysely';
import { param, placeholders, Prepared } from './prepared.js';
import type { DeliveryAttemptRow, DeliveryRequestRow, DeliveryRow, Schema } from './schema.js';

type Id = Pick<DeliveryRow, 'id'>;
interface Order {
  readonly order_key: string;
}
type Endpoint = Pick<DeliveryRow, 'endpoint'>;
interface GivenUp {
  readonly error: string;
  readonly ended_at: number;
}
export type NewDeliveryRow = Omit<
  DeliveryRow,
  'position' | 'state' | 'attempts' | 'error' | 'due_at' | 'ended_at'
>;
type Settled = Id & Pick<DeliveryRow, 'state' | 'error' | 'due_at' | 'ended_at'> & { readonly tried: number };
type Again = Id & Pick<DeliveryRow, 'due_at' | 'expires_at'> & { readonly order_key: string | null };

const id = param<string>('id');

/** Whether another one of its order is on the way still. */
const inLine = sql<string>`case when exists (
  select 1 from deliveries where order_key = ${param('order_key')} and ended_at is null
) then 'waiting' else 'pending' end`;

/** Every statement of the outbox, compiled once for a dialect. */
export const deliveryStatements = (db: Kysely<Schema>) => ({
  ...inserts(db),
  ...changes(db),
  ...abandons(db),
  ...deletes(db),
  ...reads(db),
});

function inserts(db: Kysely<Schema>) {
  // prettier-ignore
  const given = placeholders<NewDeliveryRow>(
    'id', 'kind', 'namespace', 'endpoint', 'task_id', 'message_id', 'order_key', 'policy', 'extra', 'created_at', 'expires_at',
  );
  const fresh = { attempts: 0, error: null, due_at: given.created_at, ended_at: null };
  return {
    insertDelivery: new Prepared<NewDeliveryRow>(
      db.insertInto('deliveries').values({ ...given, ...fresh, state: inLine }),
    ),
    insertRequest: new Prepared<DeliveryRequestRow>(
      db.insertInto('delivery_requests').values(placeholders<DeliveryRequestRow>('delivery_id', 'request')),
    ),
    /** Not for a delivery that has been deleted meanwhile. */
    insertAttempt: new Prepared<Omit<DeliveryAttemptRow, 'position'>>(
      db
        .insertInto('delivery_attempts')
        .columns(['delivery_id', 'at', 'ms', 'status', 'error'])
        .expression((eb) =>
          eb
            .selectFrom('deliveries')
            .select([
              'id',
              sql<number>`${param('at')}`.as('at'),
              sql<number>`${param('ms')}`.as('ms'),
              sql<number | null>`${param('status')}`.as('status'),
              sql<string | null>`${param('error')}`.as('error'),
            ])
            .where('id', '=', param<string>('delivery_id')),
        ),
    ),
  };
}

function changes(db: Kysely<Schema>) {
  return {
    settle: new Prepared<Settled>(
      db
        .updateTable('deliveries')
        .set((eb) => ({
          ...placeholders<Omit<Settled, 'id' | 'tried'>>('state', 'error', 'due_at', 'ended_at'),
          attempts: eb('attempts', '+', param<number>('tried')),
        }))
        .where('id', '=', id)
        .where('state', '=', 'pending'),
    ),
    /** The next one of an order whose head has ended. */
    release: new Prepared<Order>(
      db
        .updateTable('deliveries')
        .set({ state: 'pending' })
        .where('position', '=', (eb) =>
          eb
            .selectFrom('deliveries')
            .select('position')
            .where('order_key', '=', param<string>('order_key'))
            .where('ended_at', 'is', null)
            .orderBy('position')
            .limit(1),
        )
        .where('state', '=', 'waiting'),
    ),
    redeliver: new Prepared<Again>(
      db
        .updateTable('deliveries')
        .set({
          state: inLine,
          attempts: 0,
          due_at: param<number>('due_at'),
          expires_at: param<number>('expires_at'),
          ended_at: null,
        })
        .where('id', '=', id)
        .where('state', '=', 'dead'),
    ),
  };
}

/** Gives up what is open of an order or an endpoint. */
function abandons(db: Kysely<Schema>) {
  const dead = db
    .updateTable('deliveries')
    .set({ state: 'dead', error: param<string>('error'), ended_at: param<number>('ended_at') })
    .where('ended_at', 'is', null);
  return {
    abandonOrder: new Prepared<Order & GivenUp>(dead.where('order_key', '=', param<string>('order_key'))),
    abandonEndpoint: new Prepared<Endpoint & GivenUp>(dead.where('endpoint', '=', param<string>('endpoint'))),
  };
}

function deletes(db: Kysely<Schema>) {
  return {
    deleteDelivery: new Prepared<Id>(db.deleteFrom('deliveries').where('id', '=', id)),
    deleteRequest: new Prepared<Id>(db.deleteFrom('delivery_requests').where('delivery_id', '=', id)),
    deleteAttempts: new Prepared<Id>(db.deleteFrom('delivery_attempts').where('delivery_id', '=', id)),
  };
}

function reads(db: Kysely<Schema>) {
  const open = db.selectFrom('deliveries').where('ended_at', 'is', null);
  const count = db.selectFrom('deliveries').select((eb) => eb.fn.countAll<number>().as('count'));
  return {
    countPending: new Prepared<object>(count.where('ended_at', 'is', null).where('state', '=', 'pending')),
    countWaiting: new Prepared<object>(count.where('ended_at', 'is', null).where('state', '=', 'waiting')),
    // As a literal: only so SQLite sees that the index of the dead ones has all that is wanted.
    countDead: new Prepared<object>(count.where('state', '=', sql.lit('dead'))),
    endpoints: new Prepared<object>(open.select('endpoint').distinct()),
    delivery: new Prepared<Id>(db.selectFrom('deliveries').selectAll().where('id', '=', id)),
    request: new Prepared<Id>(db.selectFrom('delivery_requests').selectAll().where('delivery_id', '=', id)),
    attemptsOf: new Prepared<Id>(
      db
        .selectFrom('delivery_attempts')
        .select(['at', 'ms', 'status', 'error'])
        .where('delivery_id', '=', id)
        .orderBy('position'),
    ),
    pending: new Prepared<Endpoint & { readonly limit: number }>(
      open
        .selectAll()
        .where('endpoint', '=', param<string>('endpoint'))
        .where('state', '=', 'pending')
        .orderBy('due_at')
        .orderBy('position')
        .limit(param<number>('limit')),
    ),
    openOfOrder: new Prepared<Order>(open.select('id').where('order_key', '=', param<string>('order_key'))),
    ended: new Prepared<{ readonly before: number; readonly limit: number }>(
      db
        .selectFrom('deliveries')
        .select('id')
        .where('ended_at', '<', param<number>('before'))
        .orderBy('ended_at')
        .limit(param<number>('limit')),
    ),
  };
}
