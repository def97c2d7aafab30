import type { PointValue, Quality } from '../../core/data-point.js';
import type { JsonObject } from '../../core/json.js';
import type { DeviceStatus, ResourceStatus, ResourceType, SensorStatus } from '../../core/resource.js';

/** Seed 004, 2.4.1. Times are ISO 8601 in UTC. */
export interface ResourceWire {
  readonly resource_id: string;
  readonly type: ResourceType;
  readonly name: string;
  readonly description: string | null;
  readonly properties: JsonObject;
  readonly parent_id: string | null;
  readonly status: ResourceStatus;
  readonly metadata: JsonObject;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
}

export interface ResourceTreeWire extends ResourceWire {
  readonly children: readonly ResourceTreeWire[];
}

/** Seed 004, 4.4.1. */
export interface DeviceWire {
  readonly device_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: string;
  readonly status: DeviceStatus;
  readonly properties: JsonObject;
  readonly zone_id: string;
  readonly last_seen: string | null;
  readonly agent_id: string | null;
  readonly metadata: JsonObject;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
}

/** Seed 004, 4.4.2. */
export interface SensorWire {
  readonly sensor_id: string;
  readonly device_id: string;
  readonly name: string;
  readonly type: string;
  readonly unit: string | null;
  readonly range_min: number | null;
  readonly range_max: number | null;
  readonly precision: number | null;
  readonly status: SensorStatus;
  readonly stale_after: number | null;
  readonly retention_days: number | null;
  readonly retention_rows: number | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
}

export interface TwinWire {
  readonly device_id: string;
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  readonly delta: JsonObject;
  readonly version: number;
  readonly updated_at: string;
}

/** Seed 004, 4.3.1, with what the gateway adds. */
export interface DataWire {
  readonly data_id: string;
  readonly device_id: string;
  readonly sensor_id: string;
  readonly timestamp: string;
  readonly value: PointValue;
  readonly unit: string | null;
  readonly quality: Quality;
  readonly metadata: JsonObject;
  readonly received_at: string;
  readonly seq: number;
  readonly namespace: string;
}

export interface RejectedWire {
  /** Place in the report. */
  readonly index: number;
  readonly data_id: string | null;
  readonly code: string;
  readonly message: string;
}

export interface ReportWire {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly RejectedWire[];
}

export interface BucketWire {
  /** Its first moment. */
  readonly bucket: string;
  readonly value: PointValue;
  readonly count: number;
}

/** Seed 004, 3.4.1. */
export interface RouteWire {
  readonly route_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly source: { readonly agent_type: string; readonly filters: JsonObject };
  readonly destination: {
    readonly agent_type: string;
    readonly endpoints: readonly { readonly url: string; readonly weight: number }[];
  };
  readonly priority: number;
  readonly enabled: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
}

export interface RouteMatchWire {
  readonly route_id: string;
  readonly endpoint: { readonly url: string; readonly weight: number };
  /** The rules that were looked at, in their order. */
  readonly considered: readonly {
    readonly route_id: string;
    readonly matches: boolean;
    readonly reason: string;
  }[];
}
