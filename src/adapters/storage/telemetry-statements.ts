import { sql, type Kysely } from 'kysely';
import { param, Prepared } from './prepared.js';
import type { DataPointRow, LatestPointRow, Schema } from './schema.js';

interface BySensor {
  readonly namespace: string;
  readonly sensor_id: string;
}
interface Seen {
  readonly namespace: string;
  readonly device_id: string;
  readonly at: number;
}

const namespace = param<string>('namespace');
const series = param<number>('series');
const timestamp = param<number>('timestamp');
const seq = param<number>('seq');

// prettier-ignore
const POINT_COLUMNS: readonly (keyof DataPointRow)[] = [
  'series', 'timestamp', 'seq', 'namespace', 'data_id', 'number', 'value', 'unit', 'quality', 'metadata', 'received_at',
];

/** Every statement of the telemetry store, compiled once for a dialect. */
export const telemetryStatements = (db: Kysely<Schema>) => ({ ...writes(db), ...deletes(db), ...reads(db) });

function writes(db: Kysely<Schema>) {
  return {
    /** Writes nothing when the id is known, or the sensor has been removed meanwhile. */
    insertPoint: new Prepared<DataPointRow>(
      db
        .insertInto('data_points')
        .columns([...POINT_COLUMNS])
        .expression(
          db
            .selectFrom('sensors')
            .select(POINT_COLUMNS.map((column) => sql`${param(column)}`.as(column)))
            .where('series', '=', series),
        )
        .onConflict((conflict) => conflict.doNothing()),
    ),
    /** Only forward, and only to a point that is there: one whose id was known is not. */
    moveLatest: new Prepared<LatestPointRow>(
      db
        .insertInto('latest_points')
        .columns(['series', 'timestamp', 'seq'])
        .expression(
          db
            .selectFrom('data_points')
            .select(['series', 'timestamp', 'seq'])
            .where('series', '=', series)
            .where('timestamp', '=', timestamp)
            .where('seq', '=', seq),
        )
        .onConflict((conflict) =>
          conflict
            .column('series')
            .doUpdateSet((eb) => ({ timestamp: eb.ref('excluded.timestamp'), seq: eb.ref('excluded.seq') }))
            .where(
              sql<boolean>`(excluded.timestamp, excluded.seq) > (latest_points.timestamp, latest_points.seq)`,
            ),
        ),
    ),
    see: new Prepared<Seen>(
      db
        .updateTable('resources')
        .set({ last_seen: param('at') })
        .where('namespace', '=', namespace)
        .where('resource_id', '=', param<string>('device_id')),
    ),
    setSensorStatus: new Prepared<{ series: number; from: string; to: string }>(
      db
        .updateTable('sensors')
        .set({ status: param('to') })
        .where('series', '=', series)
        .where('status', '=', param<'active'>('from')),
    ),
  };
}

function deletes(db: Kysely<Schema>) {
  return {
    deletePoint: new Prepared<LatestPointRow>(
      db
        .deleteFrom('data_points')
        .where('series', '=', series)
        .where('timestamp', '=', timestamp)
        .where('seq', '=', seq),
    ),
    deleteLatest: new Prepared<{ series: number }>(
      db.deleteFrom('latest_points').where('series', '=', series),
    ),
    /** Once its last point has gone. */
    forgetSeries: new Prepared<{ series: number }>(
      db
        .deleteFrom('dropped_series')
        .where('series', '=', series)
        .where((eb) =>
          eb.not(eb.exists(eb.selectFrom('data_points').select('seq').where('series', '=', series))),
        ),
    ),
  };
}

function reads(db: Kysely<Schema>) {
  const named = db
    .selectFrom('data_points as p')
    .innerJoin('sensors as s', 's.series', 'p.series')
    .selectAll('p')
    .select(['s.sensor_id', 's.device_id']);
  return {
    sensorState: new Prepared<BySensor>(
      db
        .selectFrom('sensors as s')
        .innerJoin('resources as r', (join) =>
          join.onRef('r.namespace', '=', 's.namespace').onRef('r.resource_id', '=', 's.device_id'),
        )
        .select([
          's.series',
          's.device_id',
          's.range_min',
          's.range_max',
          's.status',
          'r.device_status',
          'r.last_seen',
        ])
        .where('s.namespace', '=', namespace)
        .where('s.sensor_id', '=', param<string>('sensor_id')),
    ),
    pointById: new Prepared<{ namespace: string; data_id: string }>(
      named.where('p.namespace', '=', namespace).where('p.data_id', '=', param<string>('data_id')),
    ),
    latestPoint: new Prepared<BySensor>(
      named
        .innerJoin('latest_points as l', (join) =>
          join
            .onRef('l.series', '=', 'p.series')
            .onRef('l.timestamp', '=', 'p.timestamp')
            .onRef('l.seq', '=', 'p.seq'),
        )
        .where('s.namespace', '=', namespace)
        .where('s.sensor_id', '=', param<string>('sensor_id')),
    ),
    /** Under which number each id of a JSON list is kept. */
    seqsOf: new Prepared<{ namespace: string; ids: string }>(
      db
        .selectFrom('data_points')
        .select(['data_id', 'seq'])
        .where('namespace', '=', namespace)
        .where(sql<boolean>`data_id in (select value from json_each(${param('ids')}))`),
    ),
    lastSeq: new Prepared<object>(db.selectFrom('data_points').select('seq').orderBy('seq', 'desc').limit(1)),
    anySensor: new Prepared<object>(db.selectFrom('sensors').select('series').limit(1)),
    anyDropped: new Prepared<object>(db.selectFrom('dropped_series').select('series').limit(1)),
  };
}
