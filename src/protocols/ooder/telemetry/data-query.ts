import { AGGREGATES, QUALITIES, type Aggregate, type Quality } from '../../../core/data-point.js';
import type {
  BucketQuery,
  PointFilter,
  PointPage,
  PointPosition,
  PointQuery,
} from '../../../engine/resources/telemetry.store.js';
import { text, toLimit, type ListWire, type Query } from '../list-query.js';
import { invalidFields } from '../ooder-errors.js';
import type { DataWire } from '../ooder.wire.js';
import { DURATION_RULE, TIME_RULE, toDuration, toMoment } from '../times.js';
import { toDataWire } from './data.mapper.js';

const ORDERS = ['asc', 'desc'] as const;

/** `device_id`, `sensor_id`, `quality`, `from` (counts), `to` (does not any more). @throws GatewayError INVALID */
export const toPointFilter = (query: Query): PointFilter => ({
  ...toSource(query),
  from: momentIn(query, 'from'),
  to: momentIn(query, 'to'),
});

/** `device_id`, `sensor_id`, `quality`. @throws GatewayError INVALID */
export const toSource = (query: Query) => ({
  deviceId: text(query, 'device_id'),
  sensorId: text(query, 'sensor_id'),
  quality: wordIn<Quality>(query, 'quality', QUALITIES),
});

/** Newest first, unless `order=asc`. @throws GatewayError INVALID */
export function toPointQuery(query: Query): PointQuery {
  const order = wordIn(query, 'order', ORDERS) ?? 'desc';
  const after = toPointPosition(text(query, 'cursor'), order);
  return { ...toPointFilter(query), descending: order === 'desc', limit: toLimit(query), after };
}

/** What `agg` and `bucket` ask for; undefined: points. @throws GatewayError INVALID */
export function toBucketQuery(query: Query): Omit<BucketQuery, 'limit'> | undefined {
  const aggregate = wordIn<Aggregate>(query, 'agg', AGGREGATES);
  const bucket = text(query, 'bucket');
  if (aggregate === undefined && bucket === undefined) return undefined;
  if (aggregate === undefined)
    throw invalidFields([{ field: 'agg', rule: `one of ${AGGREGATES.join(', ')}` }]);
  const bucketMs = bucket === undefined ? undefined : toDuration(bucket);
  if (bucket !== undefined && bucketMs === undefined)
    throw invalidFields([{ field: 'bucket', rule: DURATION_RULE }]);
  return { ...toPointFilter(query), aggregate, bucketMs };
}

/** Whether buckets are asked for from the last to the first. */
export const isDescending = (query: Query): boolean => wordIn(query, 'order', ORDERS) === 'desc';

export const toPointList = ({ items, next, total }: PointPage, query: Query): ListWire<DataWire> => ({
  items: items.map(toDataWire),
  next_cursor:
    next && packed([wordIn(query, 'order', ORDERS) ?? 'desc', next.timestamp, next.seq, next.total]),
  total,
});

const packed = (parts: readonly unknown[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

function toPointPosition(cursor: string | undefined, order: string): PointPosition | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const [made, timestamp, seq, total] = unpacked(cursor);
  if (made === order && isCount(timestamp) && isCount(seq) && isCount(total))
    return { timestamp, seq, total };
  throw invalidFields([{ field: 'cursor', rule: 'next_cursor of the page before, in the same order' }]);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function unpacked(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch {
    return [];
  }
}

function momentIn(query: Query, name: string): number | undefined {
  const given = text(query, name);
  if (given === undefined) return undefined;
  const moment = toMoment(/^\d+$/.test(given) ? Number(given) : given);
  if (moment === undefined) throw invalidFields([{ field: name, rule: TIME_RULE }]);
  return moment;
}

function wordIn<Word extends string>(query: Query, name: string, words: readonly Word[]): Word | undefined {
  const given = text(query, name);
  if (given === undefined || words.includes(given as Word)) return given as Word | undefined;
  throw invalidFields([{ field: name, rule: `one of ${words.join(', ')}` }]);
}
