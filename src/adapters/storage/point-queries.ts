import { sql, type CompiledQuery, type Kysely, type RawBuilder } from 'kysely';
import type { Aggregate, Bucket, DataPoint } from '../../core/data-point.js';
import type { Namespace } from '../../core/ids.js';
import type {
  Arrivals,
  BucketQuery,
  PointFilter,
  PointPage,
  PointPosition,
  PointQuery,
} from '../../engine/resources/telemetry.store.js';
import { toPoint, valueOf, type NamedPointRow } from './point-rows.js';
import type { Schema } from './schema.js';

/** Runs a query. */
type Run = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;
type Db = Kysely<Schema>;

/** Sensors whose points one query merges; SQLite takes 500 parts. */
const MERGED = 200;

interface SeriesRow {
  readonly series: number;
  readonly sensor_id: string;
  readonly device_id: string;
}

/**
 * A page of points by time. The newest points of each sensor stand side by side, so each gives at most a page, and the
 * pages are merged: it costs the same however many points there are.
 */
export async function listPoints(
  run: Run,
  db: Db,
  namespace: Namespace,
  query: PointQuery,
): Promise<PointPage> {
  const sensors = await run(sensorsOf(namespace, query).compile(db));
  const names = new Map(sensors.map((row) => [row.series, row]));
  const found: NamedPointRow[] = [];
  for (let at = 0; at < sensors.length; at += MERGED) {
    const some = sensors.slice(at, at + MERGED).map(({ series }) => series);
    const rows = await run(merged(some, query).compile(db));
    found.push(...rows.map((row) => ({ ...row, ...names.get(row.series)! })));
  }
  found.sort((a, b) => (a.timestamp - b.timestamp || a.seq - b.seq) * (query.descending ? -1 : 1));
  const total = query.after?.total ?? (await countOf(run, db, namespace, query));
  return toPage(found, query.limit, total);
}

function toPage(rows: readonly NamedPointRow[], limit: number, total: number): PointPage {
  const items = rows.slice(0, limit).map(toPoint);
  const last = items.at(-1);
  const next = last && rows.length > limit ? { timestamp: last.timestamp, seq: last.seq, total } : null;
  return { items, next, total };
}

/** The sensors that a filter names. */
function sensorsOf(namespace: Namespace, { deviceId, sensorId }: PointFilter): RawBuilder<SeriesRow> {
  return sql<SeriesRow>`select series, sensor_id, device_id from sensors where ${allOf([
    sql`namespace = ${namespace}`,
    deviceId !== undefined && sql`device_id = ${deviceId}`,
    sensorId !== undefined && sql`sensor_id = ${sensorId}`,
  ])}`;
}

function merged(series: readonly number[], query: PointQuery): RawBuilder<NamedPointRow> {
  const { descending, limit, after } = query;
  const order = descending ? sql`timestamp desc, seq desc` : sql`timestamp, seq`;
  const rest = allOf([...conditions(query), after && beyond(after, descending)]);
  const parts = series.map(
    (one) =>
      sql`select * from (select * from data_points where series = ${one} and ${rest} order by ${order} limit ${limit + 1})`,
  );
  return sql<NamedPointRow>`${sql.join(parts, sql` union all `)} order by ${order} limit ${limit + 1}`;
}

const beyond = ({ timestamp, seq }: PointPosition, descending: boolean) =>
  sql`(timestamp, seq) ${descending ? sql`<` : sql`>`} (${timestamp}, ${seq})`;

function conditions({ from, to, quality }: PointFilter): (RawBuilder<unknown> | false)[] {
  return [
    from !== undefined && sql`timestamp >= ${from}`,
    to !== undefined && sql`timestamp < ${to}`,
    quality !== undefined && sql`quality = ${quality}`,
  ];
}

/** Conditions that must all hold; none: anything does. */
function allOf(parts: readonly (RawBuilder<unknown> | false | undefined)[]): RawBuilder<unknown> {
  const given = parts.filter((part) => part !== false && part !== undefined);
  return given.length === 0 ? sql`true` : sql.join(given, sql` and `);
}

/** The points of a filter, as the end of a query. */
const ofFilter = (namespace: Namespace, filter: PointFilter) => sql`data_points where series in
  (select series from (${sensorsOf(namespace, filter)})) and ${allOf(conditions(filter))}`;

async function countOf(run: Run, db: Db, namespace: Namespace, filter: PointFilter): Promise<number> {
  const query = sql<{ total: number }>`select count(*) as total from ${ofFilter(namespace, filter)}`;
  return (await run(query.compile(db)))[0]?.total ?? 0;
}

interface BucketRow {
  readonly at: number;
  readonly number: number | null;
  readonly value: string | null;
  readonly count: number;
}

/** What points come to, bucket by bucket. */
export async function bucketsOf(
  run: Run,
  db: Db,
  namespace: Namespace,
  query: BucketQuery,
): Promise<readonly Bucket[]> {
  const points = ofFilter(namespace, query);
  const rows = await run(bucketRows(points, query).compile(db));
  return rows.map(({ at, count, ...row }) => ({ at, value: valueOf(row), count }));
}

function bucketRows(points: RawBuilder<unknown>, query: BucketQuery): RawBuilder<BucketRow> {
  const { aggregate, bucketMs, limit } = query;
  // Numbers are bound as doubles; only integers divide without a remainder.
  const bucket = bucketMs === undefined ? sql`'all'` : sql`timestamp / cast(${bucketMs} as integer)`;
  const start = bucketMs === undefined ? sql`min(timestamp)` : sql`${bucket} * ${bucketMs}`;
  if (aggregate === 'last') return lastRows(points, bucket, bucketMs, limit);
  const counted = aggregate === 'count' ? sql`true` : sql`number is not null`;
  return sql<BucketRow>`select ${start} as at, ${REDUCED[aggregate]} as number, null as value, count(*) as count
    from ${points} and ${counted} group by ${bucket} order by 1 limit ${limit}`;
}

const REDUCED: Readonly<Record<Exclude<Aggregate, 'last'>, RawBuilder<unknown>>> = {
  avg: sql`avg(number)`,
  min: sql`min(number)`,
  max: sql`max(number)`,
  sum: sql`sum(number)`,
  count: sql`count(*)`,
};

function lastRows(
  points: RawBuilder<unknown>,
  bucket: RawBuilder<unknown>,
  bucketMs: number | undefined,
  limit: number,
): RawBuilder<BucketRow> {
  const start = bucketMs === undefined ? sql`first` : sql`bucket * ${bucketMs}`;
  return sql<BucketRow>`select ${start} as at, number, value, count from (
      select ${bucket} as bucket, number, value,
        row_number() over (partition by ${bucket} order by timestamp desc, seq desc) as place,
        count(*) over (partition by ${bucket}) as count,
        min(timestamp) over (partition by ${bucket}) as first
      from ${points}
    ) where place = 1 order by 1 limit ${limit}`;
}

/** The latest point of each sensor, by sensor id. */
export async function latestOfSensors(
  run: Run,
  db: Db,
  namespace: Namespace,
  filter: Pick<PointFilter, 'deviceId' | 'sensorId'>,
  limit: number,
  after?: string,
): Promise<readonly DataPoint[]> {
  const query = sql<NamedPointRow>`select p.*, s.sensor_id, s.device_id from (${sensorsOf(namespace, filter)}) s
    join latest_points l on l.series = s.series
    join data_points p on p.series = l.series and p.timestamp = l.timestamp and p.seq = l.seq
    where ${after === undefined ? sql`true` : sql`s.sensor_id > ${after}`}
    order by s.sensor_id limit ${limit}`;
  return (await run(query.compile(db))).map(toPoint);
}

/** What arrived after a number. */
export async function arrivals(
  run: Run,
  db: Db,
  namespace: Namespace,
  seq: number,
  { deviceId, sensorId, quality }: Pick<PointFilter, 'deviceId' | 'sensorId' | 'quality'>,
  limit: number,
): Promise<Arrivals> {
  const query = sql<NamedPointRow>`select p.*, s.sensor_id, s.device_id from data_points p
    join sensors s on s.series = p.series
    where p.seq > ${seq} and ${allOf([
      sql`p.namespace = ${namespace}`,
      deviceId !== undefined && sql`s.device_id = ${deviceId}`,
      sensorId !== undefined && sql`s.sensor_id = ${sensorId}`,
      quality !== undefined && sql`p.quality = ${quality}`,
    ])} order by p.seq limit ${limit}`;
  const points = (await run(query.compile(db))).map(toPoint);
  return { points, isFull: points.length === limit };
}
