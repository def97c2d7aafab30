import type { Namespace } from './ids.js';
import type { JsonObject } from './json.js';

export const QUALITIES = ['good', 'bad', 'unknown'] as const;
export type Quality = (typeof QUALITIES)[number];

/** What a sensor can say; no list and no null. */
export type PointValue = number | string | boolean | JsonObject;

/** One value of a sensor at a moment. Times: milliseconds since the epoch. */
export interface DataPoint {
  readonly namespace: Namespace;
  readonly id: string;
  readonly deviceId: string;
  readonly sensorId: string;
  /** When it was measured. */
  readonly timestamp: number;
  readonly value: PointValue;
  readonly unit: string | null;
  readonly quality: Quality;
  readonly metadata: JsonObject;
  readonly receivedAt: number;
  /** Order of arrival, over all sensors. */
  readonly seq: number;
}

/** Whether a point was held back on its way: it is history, and never the latest value. */
export const isBackfill = ({ metadata }: Pick<DataPoint, 'metadata'>): boolean =>
  metadata['backfill'] === true;

export const AGGREGATES = ['avg', 'min', 'max', 'sum', 'count', 'last'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** What becomes of the points of one stretch of time. */
export interface Bucket {
  /** Its first moment. */
  readonly at: number;
  readonly value: PointValue;
  /** How many points it is made of. */
  readonly count: number;
}
