import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import {
  NEXT_DEVICE_STATUS,
  type DevicePart,
  type DeviceStatus,
  type ResourceRecord,
  type ResourceStatus,
  type ResourceType,
} from '../../core/resource.js';

/** The type of a device whose creator names none. */
const DEVICE_TYPE = 'device';
const MAX_TYPE = 64;

/** What a caller says about a resource; undefined: he says nothing, and what is there stays. */
export interface ResourceDraft {
  readonly type: ResourceType;
  readonly name: string;
  readonly description: string | null;
  readonly properties: JsonObject;
  readonly metadata: JsonObject;
  readonly parentId: string | null;
  readonly status?: ResourceStatus | undefined;
  readonly deviceType?: string | undefined;
  readonly deviceStatus?: DeviceStatus | undefined;
  readonly agentId?: string | null | undefined;
}

/** The first record of a new resource. */
export function newResource(
  namespace: Namespace,
  id: string,
  draft: ResourceDraft,
  now: number,
): ResourceRecord {
  const before = { status: 'active', device: null } as const;
  return { namespace, id, ...contentOf(draft, before), createdAt: now, updatedAt: now, version: 1 };
}

/**
 * The record after a change.
 * @throws GatewayError CONFLICT when the type would change, or the device's status may not follow the one before
 */
export function changedResource(record: ResourceRecord, draft: ResourceDraft, now: number): ResourceRecord {
  if (draft.type !== record.type)
    throw new GatewayError('CONFLICT', `type: a ${record.type} does not become a ${draft.type}`, {
      data: { reason: 'type_change', type: record.type },
    });
  const after = { ...record, ...contentOf(draft, record), updatedAt: now, version: record.version + 1 };
  if (record.device && after.device) requireStep(record.device.status, after.device.status);
  return after;
}

function requireStep(from: DeviceStatus, to: DeviceStatus): void {
  if (from === to || NEXT_DEVICE_STATUS[from].includes(to)) return;
  throw new GatewayError('CONFLICT', `status: a device that is ${from} does not become ${to}`, {
    data: { reason: 'illegal_transition', from, to },
  });
}

type Content = Pick<
  ResourceRecord,
  'type' | 'name' | 'description' | 'properties' | 'metadata' | 'parentId' | 'status' | 'device'
>;
type Before = Pick<ResourceRecord, 'status' | 'device'>;

function contentOf(draft: ResourceDraft, before: Before): Content {
  const { type, name, description, properties, metadata, parentId } = draft;
  const device = type === 'device' ? deviceOf(draft, before) : null;
  const status = statusOf(draft, before, device);
  return { type, name, description, properties, metadata, parentId, status, device };
}

function deviceOf(draft: ResourceDraft, { device }: Before): DevicePart {
  return {
    type: draft.deviceType ?? typeIn(draft.properties) ?? device?.type ?? DEVICE_TYPE,
    status: deviceStatusOf(draft, device),
    agentId: draft.agentId === undefined ? (device?.agentId ?? null) : draft.agentId,
    lastSeen: device?.lastSeen ?? null,
  };
}

function typeIn(properties: JsonObject): string | undefined {
  const type = properties['device_type'];
  return typeof type === 'string' && type.length >= 1 && type.length <= MAX_TYPE ? type : undefined;
}

/** A device that is disabled as a resource is disabled as a device; enabled again, it has yet to show itself. */
function deviceStatusOf({ status, deviceStatus }: ResourceDraft, before: DevicePart | null): DeviceStatus {
  if (deviceStatus !== undefined) return deviceStatus;
  if (status === 'disabled') return 'disabled';
  const now = before?.status ?? 'inactive';
  if (now !== 'disabled' || status === undefined) return now;
  return before?.lastSeen === null ? 'inactive' : 'offline';
}

function statusOf(draft: ResourceDraft, before: Before, device: DevicePart | null): ResourceStatus {
  if (draft.deviceStatus === undefined || !device) return draft.status ?? before.status;
  if (device.status === 'disabled') return 'disabled';
  return before.status === 'disabled' ? 'active' : before.status;
}
