import type { DataPoint } from '../../src/core/data-point.js';
import { GatewayError } from '../../src/core/errors.js';
import type { Namespace } from '../../src/core/ids.js';
import type { Page } from '../../src/core/page.js';
import type { ResourceRecord, SensorRecord, TwinRecord } from '../../src/core/resource.js';
import {
  ResourceStore,
  type ResourceQuery,
  type SensorQuery,
  type Stored,
} from '../../src/engine/resources/resource.store.js';
import { compare, memoryPage } from './memory-page.js';

const overtaken = (): GatewayError => new GatewayError('CONFLICT', 'another write came first');
const keyOf = (namespace: Namespace, id: string): string => `${namespace}\n${id}`;

/** The resource store in memory: what the contract says, in as few words as possible. */
export class MemoryResourceStore extends ResourceStore {
  private readonly resources = new Map<string, Stored<ResourceRecord>>();
  private readonly sensors = new Map<string, Stored<SensorRecord>>();
  private readonly twins = new Map<string, TwinRecord>();

  override async addResource(record: ResourceRecord, fingerprint: string): Promise<void> {
    const key = keyOf(record.namespace, record.id);
    if (this.resources.has(key) || !this.hasParent(record)) throw overtaken();
    this.resources.set(key, { record, fingerprint });
  }

  override async resource(namespace: Namespace, id: string): Promise<Stored<ResourceRecord> | undefined> {
    return this.resources.get(keyOf(namespace, id));
  }

  override async replaceResource(record: ResourceRecord): Promise<void> {
    const { namespace, id, parentId } = record;
    const known = this.resources.get(keyOf(namespace, id));
    if (known?.record.version !== record.version - 1 || !this.hasParent(record)) throw overtaken();
    if (parentId !== null && this.within(namespace, parentId, id)) throw overtaken();
    this.resources.set(keyOf(namespace, id), { ...known, record });
  }

  override async removeResource({ namespace, id, version }: ResourceRecord, cascade: boolean): Promise<void> {
    if (this.resources.get(keyOf(namespace, id))?.record.version !== version) throw overtaken();
    if (!cascade && (await this.hasChildren(namespace, id))) throw overtaken();
    const gone = [id, ...(await this.below(namespace, id, Infinity)).map((record) => record.id)];
    for (const sensor of this.sensorsOf(namespace))
      if (gone.includes(sensor.deviceId)) this.sensors.delete(keyOf(namespace, sensor.id));
    for (const each of gone) {
      this.twins.delete(keyOf(namespace, each));
      this.resources.delete(keyOf(namespace, each));
    }
  }

  override async listResources(namespace: Namespace, query: ResourceQuery): Promise<Page<ResourceRecord>> {
    return memoryPage(this.resourcesOf(namespace), query, (record) => ({
      type: record.type,
      parent_id: record.parentId,
      status: record.status,
      name: record.name,
      device_type: record.device?.type ?? null,
      device_status: record.device?.status ?? null,
      agent_id: record.device?.agentId ?? null,
      created_at: record.createdAt,
      updated_at: record.updatedAt,
      id: record.id,
    }));
  }

  override async hasChildren(namespace: Namespace, id: string): Promise<boolean> {
    const below = this.resourcesOf(namespace).some(({ parentId }) => parentId === id);
    return below || this.sensorsOf(namespace).some(({ deviceId }) => deviceId === id);
  }

  override async below(namespace: Namespace, id: string, limit: number): Promise<readonly ResourceRecord[]> {
    const found: ResourceRecord[] = [];
    for (let level = [id]; level.length > 0;) {
      const next = this.resourcesOf(namespace)
        .filter(({ parentId }) => parentId !== null && level.includes(parentId))
        .sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
      found.push(...next);
      level = next.map((record) => record.id);
    }
    return found.slice(0, limit);
  }

  override async above(namespace: Namespace, id: string): Promise<readonly string[]> {
    const record = this.resources.get(keyOf(namespace, id))?.record;
    if (!record) return [];
    return [id, ...(record.parentId === null ? [] : await this.above(namespace, record.parentId))];
  }

  override async isWithin(namespace: Namespace, id: string, ancestor: string): Promise<boolean> {
    return this.within(namespace, id, ancestor);
  }

  override async addSensor(record: SensorRecord, fingerprint: string): Promise<void> {
    const { namespace, id, deviceId } = record;
    if (this.sensors.has(keyOf(namespace, id)) || !this.resources.has(keyOf(namespace, deviceId)))
      throw overtaken();
    this.sensors.set(keyOf(namespace, id), { record, fingerprint });
  }

  override async sensor(namespace: Namespace, id: string): Promise<Stored<SensorRecord> | undefined> {
    return this.sensors.get(keyOf(namespace, id));
  }

  override async replaceSensor(record: SensorRecord): Promise<void> {
    const key = keyOf(record.namespace, record.id);
    const known = this.sensors.get(key);
    if (known?.record.version !== record.version - 1) throw overtaken();
    this.sensors.set(key, { ...known, record });
  }

  override async removeSensor({ namespace, id, version }: SensorRecord): Promise<void> {
    if (this.sensors.get(keyOf(namespace, id))?.record.version !== version) throw overtaken();
    this.sensors.delete(keyOf(namespace, id));
  }

  override async listSensors(namespace: Namespace, query: SensorQuery): Promise<Page<SensorRecord>> {
    return memoryPage(this.sensorsOf(namespace), query, (record) => ({
      device_id: record.deviceId,
      type: record.type,
      status: record.status,
      name: record.name,
      created_at: record.createdAt,
      updated_at: record.updatedAt,
      id: record.id,
    }));
  }

  override async twin(namespace: Namespace, deviceId: string): Promise<TwinRecord | undefined> {
    return this.twins.get(keyOf(namespace, deviceId));
  }

  override async saveTwin(record: TwinRecord): Promise<void> {
    const key = keyOf(record.namespace, record.deviceId);
    const version = this.twins.get(key)?.version ?? 0;
    if (!this.resources.has(key) || version !== record.version - 1) throw overtaken();
    this.twins.set(key, record);
  }

  /** Whether there is such a sensor. */
  has(namespace: Namespace, sensorId: string): boolean {
    return this.sensors.has(keyOf(namespace, sensorId));
  }

  /** A sensor has spoken: what the telemetry store writes. */
  seen({ namespace, sensorId, deviceId, receivedAt }: Omit<DataPoint, 'seq'>): void {
    const device = this.resources.get(keyOf(namespace, deviceId))!;
    const part = { ...device.record.device!, lastSeen: receivedAt };
    this.resources.set(keyOf(namespace, deviceId), { ...device, record: { ...device.record, device: part } });
    const sensor = this.sensors.get(keyOf(namespace, sensorId))!;
    if (sensor.record.status !== 'inactive') return;
    this.sensors.set(keyOf(namespace, sensorId), {
      ...sensor,
      record: { ...sensor.record, status: 'active' },
    });
  }

  /** Makes those sensors inactive; how many. */
  setInactive(isSilent: (sensor: SensorRecord) => boolean): number {
    const silent = [...this.sensors].filter(([, { record }]) => isSilent(record));
    for (const [key, stored] of silent)
      this.sensors.set(key, { ...stored, record: { ...stored.record, status: 'inactive' } });
    return silent.length;
  }

  private hasParent({ namespace, parentId }: ResourceRecord): boolean {
    return parentId === null || this.resources.has(keyOf(namespace, parentId));
  }

  private within(namespace: Namespace, id: string, ancestor: string): boolean {
    if (id === ancestor) return true;
    const parent = this.resources.get(keyOf(namespace, id))?.record.parentId ?? null;
    return parent !== null && this.within(namespace, parent, ancestor);
  }

  private resourcesOf(namespace: Namespace): ResourceRecord[] {
    return [...this.resources.values()]
      .map(({ record }) => record)
      .filter((record) => record.namespace === namespace);
  }

  private sensorsOf(namespace: Namespace): SensorRecord[] {
    return [...this.sensors.values()]
      .map(({ record }) => record)
      .filter((record) => record.namespace === namespace);
  }
}
