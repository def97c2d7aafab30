import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import type { Bucket, DataPoint, Quality } from '../../core/data-point.js';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import { Policy } from '../auth/policy.js';
import { keptPoint, requireSamePoint, unknownSensor, type ReportedPoint } from './point-rules.js';
import { namespaceOf } from './resources.service.js';
import { TelemetryFeed, type FeedFilter } from './telemetry-feed.js';
import {
  TelemetryStore,
  type BucketQuery,
  type Kept,
  type NewPoint,
  type PointFilter,
  type PointPage,
  type PointQuery,
  type SensorState,
} from './telemetry.store.js';

/** Most buckets of one answer. */
const MAX_BUCKETS = 10_000;

/** What became of one reported point. */
export type PointOutcome = 'accepted' | 'duplicate' | GatewayError;

/** Told of each reported point: the quality that it came with or was given, and what became of it. */
type PointListener = (quality: Quality, result: 'accepted' | 'duplicate' | 'rejected') => void;

/** The data of sensors (seed 004, 4.3.1): taken in, durable before it is said so, and found again. */
@Injectable()
export class TelemetryService implements OnModuleInit {
  /** Points are told of in the order in which they are stored. */
  private told: Promise<unknown> = Promise.resolve();
  private readonly listeners: PointListener[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly policy: Policy,
    private readonly store: TelemetryStore,
    private readonly feed: TelemetryFeed,
  ) {}

  async onModuleInit(): Promise<void> {
    this.feed.startAt(await this.store.lastSeq());
  }

  /** Calls `listener` for each point that is reported, for those who count. */
  observe(listener: PointListener): void {
    this.listeners.push(listener);
  }

  /**
   * Takes points in, each for itself; resolves when those that are accepted are on disk. An outcome for each, in order.
   * @throws GatewayError FORBIDDEN; STORAGE_UNAVAILABLE (then none is stored)
   */
  async report(caller: Principal, reported: readonly ReportedPoint[]): Promise<readonly PointOutcome[]> {
    this.policy.requireRight(caller, 'execute');
    const namespace = namespaceOf(caller);
    const checked = await this.checked(namespace, reported);
    const good = checked.filter((one): one is NewPoint => !(one instanceof GatewayError));
    const kept = good.length > 0 ? await this.add(good) : [];
    let next = 0;
    return checked.map((one, i) => {
      const outcome = one instanceof GatewayError ? one : outcomeOf(reported[i]!, kept[next++]!);
      this.tell(one instanceof GatewayError ? reported[i]!.quality : one.point.quality, outcome);
      return outcome;
    });
  }

  private tell(quality: Quality, outcome: PointOutcome): void {
    const result = outcome instanceof GatewayError ? 'rejected' : outcome;
    for (const listener of this.listeners) listener(quality, result);
  }

  /** @throws GatewayError NOT_FOUND */
  async point(caller: Principal, id: string): Promise<DataPoint> {
    this.policy.requireRight(caller, 'read');
    const point = await this.store.point(namespaceOf(caller), id);
    if (point) return point;
    throw new GatewayError('NOT_FOUND', 'Data not found', { data: { data_id: id } });
  }

  async points(caller: Principal, query: PointQuery): Promise<PointPage> {
    this.policy.requireRight(caller, 'read');
    return this.store.points(namespaceOf(caller), query);
  }

  /** @throws GatewayError INVALID when that would be more than 10,000 buckets */
  async buckets(caller: Principal, query: Omit<BucketQuery, 'limit'>): Promise<readonly Bucket[]> {
    this.policy.requireRight(caller, 'read');
    const buckets = await this.store.buckets(namespaceOf(caller), { ...query, limit: MAX_BUCKETS + 1 });
    if (buckets.length <= MAX_BUCKETS) return buckets;
    throw new GatewayError('INVALID', `bucket: gives more than ${MAX_BUCKETS} buckets, take a larger one`, {
      data: { field: 'bucket' },
    });
  }

  /** @throws GatewayError NOT_FOUND when the sensor has no data */
  async latest(caller: Principal, deviceId: string, sensorId: string): Promise<DataPoint> {
    this.policy.requireRight(caller, 'read');
    const point = await this.store.latest(namespaceOf(caller), sensorId);
    if (point?.deviceId === deviceId) return point;
    throw unknownSensor(sensorId);
  }

  /** The latest of each sensor, by sensor id. */
  async allLatest(
    caller: Principal,
    filter: Pick<PointFilter, 'deviceId' | 'sensorId'>,
    limit: number,
    after?: string,
  ): Promise<readonly DataPoint[]> {
    this.policy.requireRight(caller, 'read');
    return this.store.allLatest(namespaceOf(caller), filter, limit, after);
  }

  /** What arrives after a number (undefined: from now on), until `signal` aborts. */
  watch(
    caller: Principal,
    filter: Omit<FeedFilter, 'namespace'>,
    after: number | undefined,
    signal: AbortSignal,
  ): AsyncIterable<DataPoint> {
    this.policy.requireRight(caller, 'read');
    return this.feed.watch({ namespace: namespaceOf(caller), ...filter }, after, signal);
  }

  /** Each point as it is kept, or why it is not. */
  private async checked(
    namespace: Namespace,
    reported: readonly ReportedPoint[],
  ): Promise<(NewPoint | GatewayError)[]> {
    const sensors = await this.sensorsOf(namespace, reported);
    const now = this.clock.now();
    return reported.map((one) => {
      const sensor = sensors.get(one.sensorId);
      try {
        return { point: keptPoint(namespace, one, sensor, now), sensor: sensor! };
      } catch (error) {
        if (error instanceof GatewayError) return error;
        throw error;
      }
    });
  }

  private async sensorsOf(
    namespace: Namespace,
    reported: readonly ReportedPoint[],
  ): Promise<ReadonlyMap<string, SensorState | undefined>> {
    const sensors = new Map<string, SensorState | undefined>();
    for (const { sensorId } of reported)
      if (!sensors.has(sensorId)) sensors.set(sensorId, await this.store.sensorState(namespace, sensorId));
    return sensors;
  }

  private add(points: readonly NewPoint[]): Promise<readonly Kept[]> {
    const added = this.store.add(points);
    this.told = this.told
      .then(() => added)
      .then(
        (kept) =>
          this.feed.publish(kept.flatMap((one) => (one !== 'gone' && 'stored' in one ? one.stored : []))),
        () => undefined, // nothing is stored: who has reported them is told
      );
    return added;
  }
}

function outcomeOf(reported: ReportedPoint, kept: Kept): PointOutcome {
  if (kept === 'gone') return unknownSensor(reported.sensorId);
  if ('stored' in kept) return 'accepted';
  try {
    requireSamePoint(reported, kept.taken);
    return 'duplicate';
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}
