import { z } from 'zod';
import { isoTime } from '../../../core/clock.js';
import { QUALITIES, type Bucket, type DataPoint, type PointValue } from '../../../core/data-point.js';
import { GatewayError } from '../../../core/errors.js';
import { isObject } from '../../../core/json.js';
import type { ReportedPoint } from '../../../engine/resources/point-rules.js';
import type { PointOutcome } from '../../../engine/resources/telemetry.service.js';
import { id, jsonColumn, line, MAX_JSON, nullable, oneOf, parsed } from '../fields.js';
import { invalidFields, OODER_ERRORS } from '../ooder-errors.js';
import type { DataWire, RejectedWire, ReportWire } from '../ooder.wire.js';
import { timestamp } from '../times.js';

/** Most points of one report. */
export const MAX_ITEMS = 1000;

const VALUE_RULE = `a number, text, boolean or object, at most ${MAX_JSON} bytes`;
const isValue = (value: unknown): boolean =>
  (typeof value === 'number' && Number.isFinite(value)) ||
  typeof value === 'boolean' ||
  ((typeof value === 'string' || isObject(value)) && Buffer.byteLength(JSON.stringify(value)) <= MAX_JSON);

const POINT = z.object({
  data_id: id,
  device_id: id,
  sensor_id: id,
  timestamp: timestamp.nullish(),
  value: z.custom<PointValue>(isValue, VALUE_RULE),
  unit: nullable(line(32)),
  quality: oneOf(QUALITIES).nullish(),
  metadata: jsonColumn,
});

/** @throws GatewayError INVALID */
export function toReportedPoint(body: unknown, strict: boolean): ReportedPoint {
  const sent = parsed(POINT, body, strict);
  return {
    id: sent.data_id,
    deviceId: sent.device_id,
    sensorId: sent.sensor_id,
    timestamp: sent.timestamp ?? undefined,
    value: sent.value,
    unit: sent.unit,
    quality: sent.quality ?? 'unknown',
    metadata: sent.metadata,
  };
}

/** The items of a report of many; undefined: it is a report of one. @throws GatewayError INVALID */
export function itemsOf(body: unknown): readonly unknown[] | undefined {
  if (!isObject(body) || !('items' in body)) return undefined;
  const { items } = body;
  if (Array.isArray(items) && items.length >= 1 && items.length <= MAX_ITEMS)
    return items as readonly unknown[];
  throw invalidFields([{ field: 'items', rule: `a list of 1 to ${MAX_ITEMS} points` }]);
}

/** Each item as a point, or why it is none. */
export const toReportedPoints = (
  items: readonly unknown[],
  strict: boolean,
): (ReportedPoint | GatewayError)[] =>
  items.map((item) => {
    try {
      return toReportedPoint(item, strict);
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    }
  });

/**
 * What has become of a report of many.
 * @throws GatewayError INVALID when all of it was refused
 */
export function toReport(items: readonly unknown[], outcomes: readonly PointOutcome[]): ReportWire {
  const accepted = outcomes.filter((outcome) => outcome === 'accepted').length;
  const duplicates = outcomes.filter((outcome) => outcome === 'duplicate').length;
  const rejected = outcomes.flatMap((outcome, index) =>
    outcome instanceof GatewayError ? toRejected(index, items[index], outcome) : [],
  );
  const report = { accepted, duplicates, rejected };
  if (rejected.length < items.length) return report;
  const errors = rejected.map(({ index, message }) => ({ field: `items[${index}]`, rule: message }));
  const data = { ...report, rejected: rejected.map((one) => ({ ...one })), errors };
  throw new GatewayError('INVALID', 'every point was refused', { data });
}

function toRejected(index: number, item: unknown, { code, message }: GatewayError): RejectedWire {
  const dataId = isObject(item) && typeof item['data_id'] === 'string' ? item['data_id'] : null;
  return { index, data_id: dataId, code: OODER_ERRORS[code].code, message };
}

export const toDataWire = (point: DataPoint): DataWire => ({
  data_id: point.id,
  device_id: point.deviceId,
  sensor_id: point.sensorId,
  timestamp: isoTime(point.timestamp),
  value: point.value,
  unit: point.unit,
  quality: point.quality,
  metadata: point.metadata,
  received_at: isoTime(point.receivedAt),
  seq: point.seq,
  namespace: point.namespace,
});

export const toBucketWire = ({ at, value, count }: Bucket) => ({ bucket: isoTime(at), value, count });
