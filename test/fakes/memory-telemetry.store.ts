import { isBackfill, type Aggregate, type Bucket, type DataPoint } from '../../src/core/data-point.js';
import type { Namespace } from '../../src/core/ids.js';
import type { SensorRecord } from '../../src/core/resource.js';
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
} from '../../src/engine/resources/telemetry.store.js';
import type { MemoryResourceStore } from './memory-resource.store.js';

const DAY_MS = 86_400_000;
const byTime = (a: DataPoint, b: DataPoint): number => a.timestamp - b.timestamp || a.seq - b.seq;

/** The telemetry store in memory: what the contract says, in as few words as possible. */
export class MemoryTelemetryStore extends TelemetryStore {
  private points_: DataPoint[] = [];
  private readonly series: string[] = [];
  private seq = 0;

  constructor(private readonly resources: MemoryResourceStore) {
    super();
  }

  override async sensorState(namespace: Namespace, sensorId: string): Promise<SensorState | undefined> {
    const sensor = (await this.resources.sensor(namespace, sensorId))?.record;
    if (!sensor) return undefined;
    const device = (await this.resources.resource(namespace, sensor.deviceId))!.record.device!;
    return {
      series: this.seriesOf(sensor),
      deviceId: sensor.deviceId,
      rangeMin: sensor.rangeMin,
      rangeMax: sensor.rangeMax,
      status: sensor.status,
      deviceStatus: device.status,
      deviceLastSeen: device.lastSeen,
    };
  }

  override async add(points: readonly NewPoint[]): Promise<readonly Kept[]> {
    const kept: Kept[] = [];
    for (const { point: given } of points) {
      const point = { ...given, seq: ++this.seq };
      const taken = this.points_.find(
        ({ namespace, id }) => namespace === point.namespace && id === point.id,
      );
      const isThere = this.resources.has(point.namespace, point.sensorId);
      if (taken) kept.push({ taken });
      else if (!isThere) kept.push('gone');
      else {
        this.points_.push(point);
        kept.push({ stored: point });
      }
      if (isThere && !isBackfill(point)) this.resources.seen(point);
    }
    return kept;
  }

  override async point(namespace: Namespace, id: string): Promise<DataPoint | undefined> {
    return this.all(namespace).find((point) => point.id === id);
  }

  override async points(namespace: Namespace, query: PointQuery): Promise<PointPage> {
    const { descending, limit, after } = query;
    const direction = descending ? -1 : 1;
    const matching = this.all(namespace, query).sort((a, b) => byTime(a, b) * direction);
    const isBeyond = (point: DataPoint): boolean =>
      !after || (point.timestamp - after.timestamp || point.seq - after.seq) * direction > 0;
    const rest = matching.filter(isBeyond);
    const items = rest.slice(0, limit);
    const last = items.at(-1);
    const total = after?.total ?? matching.length;
    const next = last && rest.length > limit ? { timestamp: last.timestamp, seq: last.seq, total } : null;
    return { items, next, total };
  }

  override async buckets(namespace: Namespace, query: BucketQuery): Promise<readonly Bucket[]> {
    const { bucketMs, aggregate, limit } = query;
    const numeric = aggregate !== 'count' && aggregate !== 'last';
    const points = this.all(namespace, query)
      .sort(byTime)
      .filter(({ value }) => !numeric || typeof value === 'number');
    const groups = Map.groupBy(points, ({ timestamp }) => (bucketMs ? Math.floor(timestamp / bucketMs) : 0));
    return [...groups]
      .map(([bucket, members]) => ({
        at: bucketMs ? bucket * bucketMs : members[0]!.timestamp,
        value: reduced(aggregate, members),
        count: members.length,
      }))
      .slice(0, limit);
  }

  override async latest(namespace: Namespace, sensorId: string): Promise<DataPoint | undefined> {
    return this.all(namespace, { sensorId })
      .filter((point) => !isBackfill(point))
      .sort(byTime)
      .at(-1);
  }

  override async allLatest(
    namespace: Namespace,
    filter: Pick<PointFilter, 'deviceId' | 'sensorId'>,
    limit: number,
    after = '',
  ): Promise<readonly DataPoint[]> {
    const sensors = [...new Set(this.all(namespace, filter).map(({ sensorId }) => sensorId))].sort();
    const found = await Promise.all(
      sensors.filter((id) => id > after).map((id) => this.latest(namespace, id)),
    );
    return found.filter((point) => point !== undefined).slice(0, limit);
  }

  override async arrivedAfter(
    namespace: Namespace,
    seq: number,
    filter: Pick<PointFilter, 'deviceId' | 'sensorId' | 'quality'>,
    limit: number,
  ): Promise<Arrivals> {
    const points = this.all(namespace, filter)
      .filter((point) => point.seq > seq)
      .slice(0, limit);
    return { points, isFull: points.length === limit };
  }

  override async lastSeq(): Promise<number> {
    return this.points_.at(-1)?.seq ?? 0;
  }

  override async purge(now: number, keptMs: number, limit: number): Promise<number> {
    const surplus = (await Promise.all(this.points_.map((point) => this.isSurplus(point, now, keptMs)))).map(
      (is, i) => is && this.points_[i]!,
    );
    const gone = new Set(surplus.filter((point) => point !== false).slice(0, limit));
    this.points_ = this.points_.filter((point) => !gone.has(point));
    return gone.size;
  }

  override async markStale(now: number): Promise<number> {
    return this.resources.setInactive((sensor) => {
      const last = this.all(sensor.namespace, { sensorId: sensor.id }).sort(byTime).at(-1);
      const since = last?.receivedAt ?? sensor.createdAt;
      return sensor.status === 'active' && sensor.staleAfter !== null && since < now - sensor.staleAfter;
    });
  }

  private async isSurplus(point: DataPoint, now: number, keptMs: number): Promise<boolean> {
    const sensor = (await this.resources.sensor(point.namespace, point.sensorId))?.record;
    if (!sensor) return true;
    const newer = this.all(point.namespace, { sensorId: sensor.id }).filter(
      (other) => byTime(other, point) > 0,
    );
    if (sensor.retentionRows !== null && newer.length >= sensor.retentionRows) return true;
    const kept = sensor.retentionDays === null ? keptMs : sensor.retentionDays * DAY_MS;
    return point.timestamp < now - kept && (await this.latest(point.namespace, sensor.id)) !== point;
  }

  private all(namespace: Namespace, filter: PointFilter = {}): DataPoint[] {
    const { deviceId, sensorId, quality, from = 0, to = Infinity } = filter;
    return this.points_.filter(
      (point) =>
        point.namespace === namespace &&
        this.resources.has(namespace, point.sensorId) &&
        (deviceId === undefined || point.deviceId === deviceId) &&
        (sensorId === undefined || point.sensorId === sensorId) &&
        (quality === undefined || point.quality === quality) &&
        point.timestamp >= from &&
        point.timestamp < to,
    );
  }

  private seriesOf({ namespace, id }: SensorRecord): number {
    const key = `${namespace}\n${id}`;
    if (!this.series.includes(key)) this.series.push(key);
    return this.series.indexOf(key);
  }
}

function reduced(aggregate: Aggregate, points: readonly DataPoint[]): DataPoint['value'] {
  const numbers = points.map(({ value }) => value as number);
  const sum = (): number => numbers.reduce((all, one) => all + one, 0);
  switch (aggregate) {
    case 'count':
      return points.length;
    case 'last':
      return points.at(-1)!.value;
    case 'min':
      return Math.min(...numbers);
    case 'max':
      return Math.max(...numbers);
    case 'sum':
      return sum();
    case 'avg':
      return sum() / numbers.length;
  }
}
