import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { Clock } from '../../core/clock.js';
import { invalid } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import type { Principal } from '../../core/principal.js';
import type { TwinRecord } from '../../core/resource.js';
import { Policy } from '../auth/policy.js';
import { requireVersion } from './kept.js';
import { mergePatch } from './merge-patch.js';
import { ResourceStore } from './resource.store.js';
import { Turns } from './turns.js';
import { namespaceOf, ResourcesService } from './resources.service.js';

/** Largest half of a twin, in bytes of its JSON. */
const MAX_HALF = 64 * 1024;

export type TwinHalf = 'desired' | 'reported';

/** The twin of a device: what it should be (desired, by callers) and what it says it is (reported, by its agent). */
@Injectable()
export class TwinsService {
  private readonly turns = new Turns();

  constructor(
    private readonly clock: Clock,
    private readonly policy: Policy,
    private readonly store: ResourceStore,
    private readonly resources: ResourcesService,
  ) {}

  /** @throws GatewayError NOT_FOUND (no such device) */
  async get(caller: Principal, deviceId: string): Promise<TwinRecord> {
    const { namespace, createdAt } = await this.resources.get(caller, 'device', deviceId);
    const untouched = { namespace, deviceId, desired: {}, reported: {}, version: 0, updatedAt: createdAt };
    return (await this.store.twin(namespace, deviceId)) ?? untouched;
  }

  /**
   * Merges a patch (RFC 7396) into one half.
   * @param expected the version that the caller has seen; undefined: whichever there is
   * @throws GatewayError FORBIDDEN; NOT_FOUND; INVALID (too large); CONFLICT (version)
   */
  async patch(
    caller: Principal,
    deviceId: string,
    half: TwinHalf,
    patch: JsonObject,
    expected?: number,
  ): Promise<TwinRecord> {
    this.policy.requireRight(caller, 'execute');
    return this.turns.take([namespaceOf(caller), deviceId], async () => {
      const twin = await this.get(caller, deviceId);
      requireVersion(twin, expected);
      const merged = mergePatch(twin[half], patch);
      if (Buffer.byteLength(JSON.stringify(merged)) > MAX_HALF)
        throw invalid(half, `${MAX_HALF}+ bytes`, `${MAX_HALF} bytes of JSON`);
      const after = { ...twin, [half]: merged, version: twin.version + 1, updatedAt: this.clock.now() };
      await this.store.saveTwin(after);
      return after;
    });
  }
}

/** The desired fields that the device does not report as desired. */
export const deltaOf = ({ desired, reported }: TwinRecord): JsonObject =>
  Object.fromEntries(
    Object.entries(desired).filter(([key, value]) => !isDeepStrictEqual(value, own(reported, key))),
  );

const own = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;
