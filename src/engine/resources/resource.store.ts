import type { Namespace } from '../../core/ids.js';
import type { Page, PageQuery } from '../../core/page.js';
import type { ResourceRecord, SensorRecord, TwinRecord } from '../../core/resource.js';

/** A record, and what it was created with: a repeated creation is told from another one. */
export interface Stored<Record> {
  readonly record: Record;
  readonly fingerprint: string;
}

export type RecordSort =
  'created_at' | 'updated_at' | 'name' | 'type' | 'status' | 'device_type' | 'device_status' | 'id';

export type ResourceFilter =
  'type' | 'parent_id' | 'status' | 'name' | 'device_type' | 'device_status' | 'agent_id';
export type ResourceQuery = PageQuery<ResourceFilter, RecordSort>;

export type SensorFilter = 'device_id' | 'type' | 'status' | 'name';
export type SensorQuery = PageQuery<SensorFilter, RecordSort>;

/**
 * Port: spaces, zones, devices, their sensors and twins. Ids are unique within a namespace.
 *
 * A promise of a write resolves when it is on disk. Every write refers to the state that its caller has seen: when that
 * has changed meanwhile, nothing is written and the promise rejects with CONFLICT. While the storage takes no writes they
 * reject with STORAGE_UNAVAILABLE and leave nothing.
 */
export abstract class ResourceStore {
  /** CONFLICT: the id is taken, or the parent does not exist. */
  abstract addResource(record: ResourceRecord, fingerprint: string): Promise<void>;
  abstract resource(namespace: Namespace, id: string): Promise<Stored<ResourceRecord> | undefined>;
  /** CONFLICT: the version is not the one before the record's, the parent does not exist or stands below the resource. */
  abstract replaceResource(record: ResourceRecord): Promise<void>;
  /** Removes also what stands below it if `cascade`. CONFLICT: another version, or (without `cascade`) something stands below it. */
  abstract removeResource(record: ResourceRecord, cascade: boolean): Promise<void>;
  abstract listResources(namespace: Namespace, query: ResourceQuery): Promise<Page<ResourceRecord>>;
  /** Whether anything stands directly below it: resources, or sensors of a device. */
  abstract hasChildren(namespace: Namespace, id: string): Promise<boolean>;
  /** All that stands below it, nearest first, at most `limit`. */
  abstract below(namespace: Namespace, id: string, limit: number): Promise<readonly ResourceRecord[]>;
  /** The ids of what it stands below, itself among them; none where there is no such resource. */
  abstract above(namespace: Namespace, id: string): Promise<readonly string[]>;
  /** Whether `id` is `ancestor`, or stands below it. */
  abstract isWithin(namespace: Namespace, id: string, ancestor: string): Promise<boolean>;

  /** CONFLICT: the id is taken, or the device does not exist. */
  abstract addSensor(record: SensorRecord, fingerprint: string): Promise<void>;
  abstract sensor(namespace: Namespace, id: string): Promise<Stored<SensorRecord> | undefined>;
  /** CONFLICT: the version is not the one before the record's. */
  abstract replaceSensor(record: SensorRecord): Promise<void>;
  /** With its data. CONFLICT: another version. */
  abstract removeSensor(record: SensorRecord): Promise<void>;
  abstract listSensors(namespace: Namespace, query: SensorQuery): Promise<Page<SensorRecord>>;

  /** Undefined: nothing has been said about this device yet. */
  abstract twin(namespace: Namespace, deviceId: string): Promise<TwinRecord | undefined>;
  /** CONFLICT: the version is not the one before the record's, or there is no such device. */
  abstract saveTwin(record: TwinRecord): Promise<void>;
}
