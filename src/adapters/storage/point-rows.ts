import type { DataPoint, PointValue, Quality } from '../../core/data-point.js';
import type { Namespace } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { DataPointRow } from './schema.js';

/** A row with the names of its sensor and device. */
export type NamedPointRow = DataPointRow & { readonly sensor_id: string; readonly device_id: string };

/** Numbers stand in a column of their own, so that the database can reckon with them. */
export const toPointRow = (point: DataPoint, series: number): DataPointRow => ({
  series,
  timestamp: point.timestamp,
  seq: point.seq,
  namespace: point.namespace,
  data_id: point.id,
  number: typeof point.value === 'number' ? point.value : null,
  value: typeof point.value === 'number' ? null : JSON.stringify(point.value),
  unit: point.unit,
  quality: point.quality,
  metadata: isEmpty(point.metadata) ? null : JSON.stringify(point.metadata),
  received_at: point.receivedAt,
});

export const toPoint = (row: NamedPointRow): DataPoint => ({
  namespace: row.namespace as Namespace,
  id: row.data_id,
  deviceId: row.device_id,
  sensorId: row.sensor_id,
  timestamp: row.timestamp,
  value: valueOf(row),
  unit: row.unit,
  quality: row.quality as Quality,
  metadata: row.metadata === null ? {} : (JSON.parse(row.metadata) as JsonObject),
  receivedAt: row.received_at,
  seq: row.seq,
});

export const valueOf = ({ number, value }: Pick<DataPointRow, 'number' | 'value'>): PointValue =>
  number ?? (JSON.parse(value!) as PointValue);

function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}
