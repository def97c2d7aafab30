import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { IdSource, type Namespace } from '../../core/ids.js';
import type { Page } from '../../core/page.js';
import type { Principal } from '../../core/principal.js';
import type { SensorRecord, SensorStatus } from '../../core/resource.js';
import { Policy } from '../auth/policy.js';
import { createOnce, fingerprintOf, requireVersion, type Created } from './kept.js';
import { ResourceStore, type SensorQuery } from './resource.store.js';
import { Turns } from './turns.js';
import { namespaceOf, ResourcesService } from './resources.service.js';

/** What a caller says about a sensor; without a status what is there stays. */
export type SensorDraft = Omit<
  SensorRecord,
  'namespace' | 'id' | 'createdAt' | 'updatedAt' | 'version' | 'status'
> & { readonly status?: SensorStatus | undefined };

/** The sensors of devices (seed 004, 4.4.2). */
@Injectable()
export class SensorsService {
  private readonly turns = new Turns();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly policy: Policy,
    private readonly store: ResourceStore,
    private readonly resources: ResourcesService,
  ) {}

  /**
   * Creates it, durably; the same content under the same id again finds what is there.
   * @throws GatewayError FORBIDDEN; NOT_FOUND (no such device); CONFLICT (id taken by other content)
   */
  async create(
    caller: Principal,
    draft: SensorDraft,
    id: string = this.ids.timeOrderedUuid(),
  ): Promise<Created<SensorRecord>> {
    this.policy.requireRight(caller, 'admin');
    const now = this.clock.now();
    const first = { id, createdAt: now, updatedAt: now, version: 1 };
    const status = draft.status ?? 'active';
    const record = { namespace: namespaceOf(caller), ...first, ...draft, status };
    const kept = {
      find: (namespace: Namespace, known: string) => this.store.sensor(namespace, known),
      add: (added: SensorRecord, fingerprint: string) => this.store.addSensor(added, fingerprint),
    };
    return createOnce(this.turns, kept, record, fingerprintOf(draft), () =>
      this.requireDevice(caller, draft.deviceId),
    );
  }

  /** @throws GatewayError NOT_FOUND */
  async get(caller: Principal, id: string): Promise<SensorRecord> {
    this.policy.requireRight(caller, 'read');
    const found = await this.store.sensor(namespaceOf(caller), id);
    if (found) return found.record;
    throw new GatewayError('NOT_FOUND', 'Sensor not found', { data: { sensor_id: id } });
  }

  /**
   * Changes it to what `change` makes of it.
   * @throws GatewayError FORBIDDEN; NOT_FOUND; CONFLICT (version, another device)
   */
  change(
    caller: Principal,
    id: string,
    change: (record: SensorRecord) => SensorDraft,
    expected?: number,
  ): Promise<SensorRecord> {
    this.policy.requireRight(caller, 'admin');
    return this.turns.take([namespaceOf(caller), id], async () => {
      const record = await this.get(caller, id);
      requireVersion(record, expected);
      const draft = change(record);
      requireSameDevice(record, draft.deviceId);
      const status = draft.status ?? record.status;
      const after = {
        ...record,
        ...draft,
        status,
        updatedAt: this.clock.now(),
        version: record.version + 1,
      };
      await this.store.replaceSensor(after);
      return after;
    });
  }

  /** Removes it and its data. @throws GatewayError FORBIDDEN; NOT_FOUND; CONFLICT (version) */
  remove(caller: Principal, id: string, expected?: number): Promise<void> {
    this.policy.requireRight(caller, 'admin');
    return this.turns.take([namespaceOf(caller), id], async () => {
      const record = await this.get(caller, id);
      requireVersion(record, expected);
      await this.store.removeSensor(record);
    });
  }

  async list(caller: Principal, query: SensorQuery): Promise<Page<SensorRecord>> {
    this.policy.requireRight(caller, 'read');
    return this.store.listSensors(namespaceOf(caller), query);
  }

  /** @throws GatewayError NOT_FOUND (no such device) */
  async ofDevice(caller: Principal, deviceId: string, query: SensorQuery): Promise<Page<SensorRecord>> {
    await this.requireDevice(caller, deviceId);
    return this.list(caller, { ...query, filters: { ...query.filters, device_id: deviceId } });
  }

  private async requireDevice(caller: Principal, id: string): Promise<void> {
    await this.resources.get(caller, 'device', id);
  }
}

/** Its data are those of its device. */
function requireSameDevice(record: SensorRecord, deviceId: string): void {
  if (record.deviceId === deviceId) return;
  throw new GatewayError('CONFLICT', `device_id: the sensor belongs to ${record.deviceId}`, {
    data: { reason: 'device_change', device_id: record.deviceId },
  });
}
