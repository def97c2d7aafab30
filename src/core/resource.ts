import type { Namespace } from './ids.js';
import type { JsonObject } from './json.js';

/** What the control plane manages: spaces, zones in them, devices in zones. */
export const RESOURCE_TYPES = ['space', 'zone', 'device'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** Under what a resource may stand; null: at the root. */
export const PARENTS: Readonly<Record<ResourceType, readonly (ResourceType | null)[]>> = {
  space: [null, 'space'],
  zone: ['space', 'zone'],
  device: ['zone'],
};

export const RESOURCE_STATUSES = ['active', 'inactive', 'maintenance', 'disabled'] as const;
export type ResourceStatus = (typeof RESOURCE_STATUSES)[number];

export const DEVICE_STATUSES = ['inactive', 'online', 'offline', 'sleeping', 'fault', 'disabled'] as const;
export type DeviceStatus = (typeof DEVICE_STATUSES)[number];

/** Which status of a device may follow which; every one may become `fault` or `disabled`, and these any. */
export const NEXT_DEVICE_STATUS: Readonly<Record<DeviceStatus, readonly DeviceStatus[]>> = {
  inactive: ['online', 'fault', 'disabled'],
  online: ['offline', 'sleeping', 'fault', 'disabled'],
  offline: ['online', 'fault', 'disabled'],
  sleeping: ['online', 'fault', 'disabled'],
  fault: ['inactive', 'online', 'offline', 'sleeping', 'disabled'],
  disabled: ['inactive', 'online', 'offline', 'sleeping', 'fault'],
};

export const SENSOR_STATUSES = ['active', 'inactive', 'fault', 'disabled'] as const;
export type SensorStatus = (typeof SENSOR_STATUSES)[number];

/** A space, a zone or a device; a device is the same record under both of its addresses. Times: milliseconds since the epoch. */
export interface ResourceRecord {
  readonly namespace: Namespace;
  readonly id: string;
  readonly type: ResourceType;
  readonly name: string;
  readonly description: string | null;
  readonly properties: JsonObject;
  readonly metadata: JsonObject;
  readonly parentId: string | null;
  /** What its owner has decided; a disabled device is `disabled` in both words. */
  readonly status: ResourceStatus;
  /** Of devices only. */
  readonly device: DevicePart | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** 1, and one more at each change. Signs of life are no change. */
  readonly version: number;
}

export interface DevicePart {
  /** What kind of device it is, in its owner's words. */
  readonly type: string;
  readonly status: DeviceStatus;
  /** The agent that commands for it go to. */
  readonly agentId: string | null;
  readonly lastSeen: number | null;
}

export interface SensorRecord {
  readonly namespace: Namespace;
  readonly id: string;
  readonly deviceId: string;
  readonly name: string;
  readonly type: string;
  readonly unit: string | null;
  /** Numbers outside are stored, as bad ones. */
  readonly rangeMin: number | null;
  readonly rangeMax: number | null;
  readonly precision: number | null;
  readonly status: SensorStatus;
  /** Milliseconds without data after which it is `inactive`; null: never. */
  readonly staleAfter: number | null;
  /** Days that its data are kept; null: as configured. */
  readonly retentionDays: number | null;
  /** How many of its newest points are kept; null: all within the days. */
  readonly retentionRows: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly version: number;
}

/** What a device should be and what it says it is. */
export interface TwinRecord {
  readonly namespace: Namespace;
  readonly deviceId: string;
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  /** One for both halves; 0: nothing has been said yet. */
  readonly version: number;
  readonly updatedAt: number;
}
