import type { Aggregate, Bucket, DataPoint, Quality } from '../../core/data-point.js';
import type { Namespace } from '../../core/ids.js';
import type { DeviceStatus, SensorStatus } from '../../core/resource.js';

/** What a report has to know of a sensor. */
export interface SensorState {
  /** The number under which its points are kept. */
  readonly series: number;
  readonly deviceId: string;
  readonly rangeMin: number | null;
  readonly rangeMax: number | null;
  readonly status: SensorStatus;
  readonly deviceStatus: DeviceStatus;
  readonly deviceLastSeen: number | null;
}

/** A point on its way into the store, which numbers it. */
export interface NewPoint {
  readonly point: Omit<DataPoint, 'seq'>;
  readonly sensor: SensorState;
}

/** What has become of a point: it is stored; its id is taken by this one; its sensor is gone. */
export type Kept = { readonly stored: DataPoint } | { readonly taken: DataPoint } | 'gone';

/** Which points; all that is given must hold. */
export interface PointFilter {
  readonly deviceId?: string | undefined;
  readonly sensorId?: string | undefined;
  readonly quality?: Quality | undefined;
  /** The first moment that counts, and the first that does not any more. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Where a page of points ended. */
export interface PointPosition {
  readonly timestamp: number;
  readonly seq: number;
  /** The `total` of the first page: counting is the dearest part of a list. */
  readonly total: number;
}

export interface PointQuery extends PointFilter {
  /** By time, then by arrival. */
  readonly descending: boolean;
  /** 1 to 500. */
  readonly limit: number;
  readonly after?: PointPosition | undefined;
}

export interface PointPage {
  readonly items: readonly DataPoint[];
  readonly next: PointPosition | null;
  readonly total: number;
}

export interface BucketQuery extends PointFilter {
  readonly aggregate: Aggregate;
  /** Milliseconds, counted from the epoch; undefined: one bucket for all. */
  readonly bucketMs?: number | undefined;
  /** Most buckets. */
  readonly limit: number;
}

/** A page of what arrived, and how far it looked. */
export interface Arrivals {
  readonly points: readonly DataPoint[];
  /** Whether there may be more that has arrived already. */
  readonly isFull: boolean;
}

/**
 * Port: the data of sensors. A promise of a write resolves when it is on disk; while the storage takes no writes it
 * rejects with STORAGE_UNAVAILABLE and leaves nothing.
 */
export abstract class TelemetryStore {
  abstract sensorState(namespace: Namespace, sensorId: string): Promise<SensorState | undefined>;
  /**
   * Stores all points in one step, in their order, but for those whose id is known in the namespace; moves the latest
   * value of a sensor where (timestamp, seq) is greater and the point is no backfill; notes that the devices were seen,
   * and that their sensors are active.
   */
  abstract add(points: readonly NewPoint[]): Promise<readonly Kept[]>;

  abstract point(namespace: Namespace, id: string): Promise<DataPoint | undefined>;
  abstract points(namespace: Namespace, query: PointQuery): Promise<PointPage>;
  /** In order of time; those without a value (the average of texts) are left out. */
  abstract buckets(namespace: Namespace, query: BucketQuery): Promise<readonly Bucket[]>;
  abstract latest(namespace: Namespace, sensorId: string): Promise<DataPoint | undefined>;
  /** The latest of each sensor, by sensor id; `after`: the last one of the page before. */
  abstract allLatest(
    namespace: Namespace,
    filter: Pick<PointFilter, 'deviceId' | 'sensorId'>,
    limit: number,
    after?: string,
  ): Promise<readonly DataPoint[]>;
  /** What arrived after `seq`, in order of arrival. */
  abstract arrivedAfter(
    namespace: Namespace,
    seq: number,
    filter: Pick<PointFilter, 'deviceId' | 'sensorId' | 'quality'>,
    limit: number,
  ): Promise<Arrivals>;
  /** The number of the last point that arrived; 0: none has. */
  abstract lastSeq(): Promise<number>;

  /**
   * Deletes at most `limit` points that are older than their sensor keeps them (`keptMs` where it says nothing), more
   * than it keeps, or of removed sensors; never the latest of a sensor. Resolves to how many.
   */
  abstract purge(now: number, keptMs: number, limit: number): Promise<number>;
  /** Sensors whose last data arrived longer ago than they allow become inactive; resolves to how many. */
  abstract markStale(now: number): Promise<number>;
}
