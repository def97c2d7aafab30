import { z } from 'zod';
import { isoTime } from '../../../core/clock.js';
import {
  DEVICE_STATUSES,
  RESOURCE_STATUSES,
  RESOURCE_TYPES,
  SENSOR_STATUSES,
  type ResourceRecord,
  type SensorRecord,
  type TwinRecord,
} from '../../../core/resource.js';
import type { ResourceDraft } from '../../../engine/resources/resource-draft.js';
import type { ResourceTree } from '../../../engine/resources/resources.service.js';
import type { SensorDraft } from '../../../engine/resources/sensors.service.js';
import { deltaOf } from '../../../engine/resources/twins.service.js';
import { description, id, integer, jsonColumn, line, nullable, number, oneOf, parsed } from '../fields.js';
import { invalidFields } from '../ooder-errors.js';
import type { RecordWords, Sent } from '../record-words.js';
import type { DeviceWire, ResourceTreeWire, ResourceWire, SensorWire, TwinWire } from '../ooder.wire.js';

const name = line(255);
const type = line(64);
/** A hundred years. */
const MAX_DAYS = 36_500;

const RESOURCE = z.object({
  resource_id: nullable(id),
  type: oneOf(RESOURCE_TYPES),
  name,
  description,
  properties: jsonColumn,
  parent_id: nullable(id),
  metadata: jsonColumn,
  status: oneOf(RESOURCE_STATUSES).optional(),
});

const DEVICE = z.object({
  device_id: nullable(id),
  name,
  description,
  type,
  properties: jsonColumn,
  zone_id: id,
  metadata: jsonColumn,
  status: oneOf(DEVICE_STATUSES).optional(),
  agent_id: nullable(line(128)),
});

const SENSOR = z.object({
  sensor_id: nullable(id),
  device_id: id,
  name,
  type,
  unit: nullable(line(32)),
  range_min: nullable(number),
  range_max: nullable(number),
  precision: nullable(number.positive('a number above 0')),
  status: oneOf(SENSOR_STATUSES).optional(),
  stale_after: nullable(integer(1_000, MAX_DAYS * 86_400_000)),
  retention_days: nullable(integer(1, MAX_DAYS)),
  retention_rows: nullable(integer(1, Number.MAX_SAFE_INTEGER)),
});

/** @throws GatewayError INVALID */
export function toResourceDraft(body: unknown, strict = false): Sent<ResourceDraft> {
  const { resource_id, parent_id, ...fields } = parsed(RESOURCE, body, strict);
  return { id: resource_id ?? undefined, draft: { ...fields, parentId: parent_id } };
}

/** @throws GatewayError INVALID */
export function toDeviceDraft(body: unknown, strict = false): Sent<ResourceDraft> {
  const { device_id, zone_id, type: deviceType, status, agent_id, ...fields } = parsed(DEVICE, body, strict);
  const device = { deviceType, deviceStatus: status, agentId: agent_id };
  return { id: device_id ?? undefined, draft: { ...fields, ...device, type: 'device', parentId: zone_id } };
}

/** @throws GatewayError INVALID */
export function toSensorDraft(body: unknown, strict = false): Sent<SensorDraft> {
  const sent = parsed(SENSOR, body, strict);
  if (sent.range_min !== null && sent.range_max !== null && sent.range_min > sent.range_max)
    throw invalidFields([{ field: 'range_min', rule: 'not above range_max' }]);
  const draft = {
    deviceId: sent.device_id,
    name: sent.name,
    type: sent.type,
    unit: sent.unit,
    rangeMin: sent.range_min,
    rangeMax: sent.range_max,
    precision: sent.precision,
    status: sent.status,
    staleAfter: sent.stale_after,
    retentionDays: sent.retention_days,
    retentionRows: sent.retention_rows,
  };
  return { id: sent.sensor_id ?? undefined, draft };
}

export const RESOURCE_WORDS: RecordWords<ResourceRecord, ResourceWire, ResourceDraft> = {
  idField: 'resource_id',
  schema: RESOURCE,
  read: toResourceDraft,
  show: toResourceWire,
};
export const DEVICE_WORDS: RecordWords<ResourceRecord, DeviceWire, ResourceDraft> = {
  idField: 'device_id',
  schema: DEVICE,
  read: toDeviceDraft,
  show: toDeviceWire,
};
export const SENSOR_WORDS: RecordWords<SensorRecord, SensorWire, SensorDraft> = {
  idField: 'sensor_id',
  schema: SENSOR,
  read: toSensorDraft,
  show: toSensorWire,
};

export function toResourceWire(record: ResourceRecord): ResourceWire {
  return {
    resource_id: record.id,
    type: record.type,
    name: record.name,
    description: record.description,
    properties: record.properties,
    parent_id: record.parentId,
    status: record.status,
    metadata: record.metadata,
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
    version: record.version,
  };
}

export const toTreeWire = ({ record, children }: ResourceTree): ResourceTreeWire => ({
  ...toResourceWire(record),
  children: children.map(toTreeWire),
});

export function toDeviceWire(record: ResourceRecord): DeviceWire {
  const { device, parentId } = record;
  if (!device || parentId === null) throw new Error(`${record.id} is no device`);
  return {
    device_id: record.id,
    name: record.name,
    description: record.description,
    type: device.type,
    status: device.status,
    properties: record.properties,
    zone_id: parentId,
    last_seen: device.lastSeen === null ? null : isoTime(device.lastSeen),
    agent_id: device.agentId,
    metadata: record.metadata,
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
    version: record.version,
  };
}

export function toSensorWire(record: SensorRecord): SensorWire {
  return {
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
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
    version: record.version,
  };
}

export const toTwinWire = (twin: TwinRecord): TwinWire => ({
  device_id: twin.deviceId,
  desired: twin.desired,
  reported: twin.reported,
  delta: deltaOf(twin),
  version: twin.version,
  updated_at: isoTime(twin.updatedAt),
});
