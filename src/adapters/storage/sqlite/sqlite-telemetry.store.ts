import type { CompiledQuery } from 'kysely';
import type { Bucket, DataPoint } from '../../../core/data-point.js';
import { isBackfill } from '../../../core/data-point.js';
import type { Namespace } from '../../../core/ids.js';
import {
  TelemetryStore,
  type Arrivals,
  type BucketQuery,
  type Kept,
  type NewPoint,
  type PointFilter,
  type PointPage,
  type PointQuery,
  type SensorState,
} from '../../../engine/resources/telemetry.store.js';
import { toPoint, toPointRow, type NamedPointRow } from '../point-rows.js';
import { arrivals, bucketsOf, latestOfSensors, listPoints } from '../point-queries.js';
import { staleSensors, surplusPoints } from '../point-surplus.js';
import type { LatestPointRow } from '../schema.js';
import { telemetryStatements } from '../telemetry-statements.js';
import type { Op } from './protocol.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { builder, op, statements } from './statements.js';

const STATEMENTS = statements(telemetryStatements);
/** A device's last sign of life is kept to the second: one write less for most points. */
const SEEN_MS = 1000;

interface SensorStateRow {
  readonly series: number;
  readonly device_id: string;
  readonly range_min: number | null;
  readonly range_max: number | null;
  readonly status: SensorState['status'];
  readonly device_status: SensorState['deviceStatus'];
  readonly last_seen: number | null;
}

/** The data of sensors in the gateway's SQLite file. */
export class SqliteTelemetryStore extends TelemetryStore {
  /** The number of the point that was added last; loaded by the first one. */
  private seq: Promise<{ last: number }> | undefined;

  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override async sensorState(namespace: Namespace, sensorId: string): Promise<SensorState | undefined> {
    const key = { namespace, sensor_id: sensorId };
    const row = await this.database.one<SensorStateRow, typeof key>(STATEMENTS.sensorState, key);
    return (
      row && {
        series: row.series,
        deviceId: row.device_id,
        rangeMin: row.range_min,
        rangeMax: row.range_max,
        status: row.status,
        deviceStatus: row.device_status,
        deviceLastSeen: row.last_seen,
      }
    );
  }

  override async add(points: readonly NewPoint[]): Promise<readonly Kept[]> {
    const counter = await (this.seq ??= this.lastSeq().then((last) => ({ last })));
    // From here to the write nothing waits: points are stored in the order of their numbers.
    const numbered = points.map(({ point }) => ({ ...point, seq: ++counter.last }));
    const ops = numbered.flatMap((point, i) => opsOf(point, points[i]!.sensor.series));
    await this.database.write([...ops, ...signsOfLife(points)], true);
    return this.outcomes(numbered);
  }

  /** A point that is kept under another number was there before. */
  private async outcomes(points: readonly DataPoint[]): Promise<Kept[]> {
    const { namespace } = points[0]!;
    const values = { namespace, ids: JSON.stringify(points.map(({ id }) => id)) };
    const rows = await this.database.all<{ data_id: string; seq: number }, typeof values>(
      STATEMENTS.seqsOf,
      values,
    );
    const seqs = new Map(rows.map(({ data_id, seq }) => [data_id, seq]));
    const isStored = ({ id, seq }: DataPoint): boolean => seqs.get(id) === seq;
    return Promise.all(
      points.map(async (point) => (isStored(point) ? { stored: point } : this.whatIsThere(point))),
    );
  }

  private async whatIsThere({ namespace, id }: DataPoint): Promise<Kept> {
    const taken = await this.point(namespace, id);
    return taken ? { taken } : 'gone';
  }

  override async point(namespace: Namespace, id: string): Promise<DataPoint | undefined> {
    const key = { namespace, data_id: id };
    const row = await this.database.one<NamedPointRow, typeof key>(STATEMENTS.pointById, key);
    return row && toPoint(row);
  }

  override points(namespace: Namespace, query: PointQuery): Promise<PointPage> {
    return listPoints(this.scan, builder, namespace, query);
  }

  override buckets(namespace: Namespace, query: BucketQuery): Promise<readonly Bucket[]> {
    return bucketsOf(this.scan, builder, namespace, query);
  }

  override async latest(namespace: Namespace, sensorId: string): Promise<DataPoint | undefined> {
    const key = { namespace, sensor_id: sensorId };
    const row = await this.database.one<NamedPointRow, typeof key>(STATEMENTS.latestPoint, key);
    return row && toPoint(row);
  }

  override allLatest(
    namespace: Namespace,
    filter: Pick<PointFilter, 'deviceId' | 'sensorId'>,
    limit: number,
    after?: string,
  ): Promise<readonly DataPoint[]> {
    return latestOfSensors(this.scan, builder, namespace, filter, limit, after);
  }

  override arrivedAfter(
    namespace: Namespace,
    seq: number,
    filter: Pick<PointFilter, 'deviceId' | 'sensorId' | 'quality'>,
    limit: number,
  ): Promise<Arrivals> {
    return arrivals(this.scan, builder, namespace, seq, filter, limit);
  }

  override async lastSeq(): Promise<number> {
    return (await this.database.one<{ seq: number }, object>(STATEMENTS.lastSeq, {}))?.seq ?? 0;
  }

  /** Looks by key first whether there is anything to look for: a gateway without sensors starts no thread for it. */
  override async purge(now: number, keptMs: number, limit: number): Promise<number> {
    if (!(await this.hasAny(STATEMENTS.anySensor)) && !(await this.hasAny(STATEMENTS.anyDropped))) return 0;
    const { points, dropped } = await surplusPoints(this.scan, builder, { now, keptMs, limit });
    const ops = [
      ...points.map((point: LatestPointRow) => op(STATEMENTS.deletePoint, point)),
      ...dropped.flatMap((series) =>
        [STATEMENTS.deleteLatest, STATEMENTS.forgetSeries].map((statement) => op(statement, { series })),
      ),
    ];
    if (ops.length > 0) await this.database.write(ops, true);
    return points.length;
  }

  override async markStale(now: number): Promise<number> {
    if (!(await this.hasAny(STATEMENTS.anySensor))) return 0;
    const stale = await staleSensors(this.scan, builder, now);
    const ops = stale.map((series) =>
      op(STATEMENTS.setSensorStatus, { series, from: 'active', to: 'inactive' }),
    );
    if (ops.length > 0) await this.database.write(ops, true);
    return stale.length;
  }

  private async hasAny(statement: typeof STATEMENTS.anySensor): Promise<boolean> {
    return (await this.database.one(statement, {})) !== undefined;
  }

  private readonly scan = <Row>(query: CompiledQuery<Row>): Promise<Row[]> => this.database.scan(query);
}

function opsOf(point: DataPoint, series: number): Op[] {
  const { timestamp, seq } = point;
  const insert = op(STATEMENTS.insertPoint, toPointRow(point, series));
  return isBackfill(point) ? [insert] : [insert, op(STATEMENTS.moveLatest, { series, timestamp, seq })];
}

/** That devices were seen and that sensors speak again, where that is news. */
function signsOfLife(points: readonly NewPoint[]): Op[] {
  const live = points.filter(({ point }) => !isBackfill(point));
  const devices = new Map(live.map((one) => [one.point.deviceId, one]));
  const sensors = new Map(live.map(({ sensor }) => [sensor.series, sensor]));
  return [
    ...[...devices.values()]
      .filter(isNews)
      .map(({ point }) =>
        op(STATEMENTS.see, { namespace: point.namespace, device_id: point.deviceId, at: point.receivedAt }),
      ),
    ...[...sensors.values()]
      .filter(({ status }) => status === 'inactive')
      .map(({ series }) => op(STATEMENTS.setSensorStatus, { series, from: 'inactive', to: 'active' })),
  ];
}

const isNews = ({ point, sensor }: NewPoint): boolean =>
  sensor.deviceLastSeen === null || point.receivedAt - sensor.deviceLastSeen >= SEEN_MS;
