import type { Selectable } from 'kysely';
import type { Namespace } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { DevicePart, ResourceRecord, SensorRecord, TwinRecord } from '../../core/resource.js';
import type { ResourceRow, SensorRow, TwinRow } from './schema.js';

const object = (text: string): JsonObject => JSON.parse(text) as JsonObject;

export const toResourceRow = (record: ResourceRecord, fingerprint: string): ResourceRow => ({
  namespace: record.namespace,
  resource_id: record.id,
  type: record.type,
  name: record.name,
  description: record.description,
  properties: JSON.stringify(record.properties),
  metadata: JSON.stringify(record.metadata),
  parent_id: record.parentId,
  status: record.status,
  device_type: record.device?.type ?? null,
  device_status: record.device?.status ?? null,
  agent_id: record.device?.agentId ?? null,
  last_seen: record.device?.lastSeen ?? null,
  created_at: record.createdAt,
  updated_at: record.updatedAt,
  version: record.version,
  fingerprint,
});

export const toResource = (row: ResourceRow): ResourceRecord => ({
  namespace: row.namespace as Namespace,
  id: row.resource_id,
  type: row.type,
  name: row.name,
  description: row.description,
  properties: object(row.properties),
  metadata: object(row.metadata),
  parentId: row.parent_id,
  status: row.status,
  device: toDevicePart(row),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  version: row.version,
});

const toDevicePart = (row: ResourceRow): DevicePart | null =>
  row.device_type === null || row.device_status === null
    ? null
    : { type: row.device_type, status: row.device_status, agentId: row.agent_id, lastSeen: row.last_seen };

export const toSensorRow = (record: SensorRecord, fingerprint: string): Omit<SensorRow, 'series'> => ({
  namespace: record.namespace,
  sensor_id: record.id,
  device_id: record.deviceId,
  name: record.name,
  type: record.type,
  unit: record.unit,
  range_min: record.rangeMin,
  range_max: record.rangeMax,
  precision: record.precision,
  status: record.status,
  stale_after: record.staleAfter,
  retention_days: record.retentionDays,
  retention_rows: record.retentionRows,
  created_at: record.createdAt,
  updated_at: record.updatedAt,
  version: record.version,
  fingerprint,
});

export const toSensor = (row: Selectable<SensorRow>): SensorRecord => ({
  namespace: row.namespace as Namespace,
  id: row.sensor_id,
  deviceId: row.device_id,
  name: row.name,
  type: row.type,
  unit: row.unit,
  rangeMin: row.range_min,
  rangeMax: row.range_max,
  precision: row.precision,
  status: row.status,
  staleAfter: row.stale_after,
  retentionDays: row.retention_days,
  retentionRows: row.retention_rows,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  version: row.version,
});

export const toTwinRow = (twin: TwinRecord): TwinRow => ({
  namespace: twin.namespace,
  device_id: twin.deviceId,
  desired: JSON.stringify(twin.desired),
  reported: JSON.stringify(twin.reported),
  version: twin.version,
  updated_at: twin.updatedAt,
});

export const toTwin = (row: TwinRow): TwinRecord => ({
  namespace: row.namespace as Namespace,
  deviceId: row.device_id,
  desired: object(row.desired),
  reported: object(row.reported),
  version: row.version,
  updatedAt: row.updated_at,
});
