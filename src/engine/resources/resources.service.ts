import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, IdSource, type Namespace } from '../../core/ids.js';
import type { Page } from '../../core/page.js';
import type { Principal } from '../../core/principal.js';
import { PARENTS, type ResourceRecord, type ResourceType } from '../../core/resource.js';
import { Policy } from '../auth/policy.js';
import { createOnce, fingerprintOf, requireVersion, type Created } from './kept.js';
import { changedResource, newResource, type ResourceDraft } from './resource-draft.js';
import { ResourceStore, type ResourceQuery } from './resource.store.js';
import { Turns } from './turns.js';

/** Most resources that a tree is answered with, and most levels. */
const MAX_TREE = 10_000;
const MAX_LEVELS = 64;

/** Under which address a resource is asked for: devices have one of their own, with other words for the same record. */
export type ResourceKind = 'resource' | 'device';
const WORDS = {
  resource: { missing: 'Resource not found', id: 'resource_id', parent: 'parent_id' },
  device: { missing: 'Device not found', id: 'device_id', parent: 'zone_id' },
} as const;

/** A resource with all that stands below it. */
export interface ResourceTree {
  readonly record: ResourceRecord;
  readonly children: readonly ResourceTree[];
}

/** The namespace in which a caller keeps his resources. */
export const namespaceOf = (caller: Principal): Namespace => caller.namespace ?? DEFAULT_NAMESPACE;

/** Spaces, zones and devices: one tree per namespace (seed 004, 2.3.1 and 4.4.1). */
@Injectable()
export class ResourcesService {
  private readonly turns = new Turns();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly policy: Policy,
    private readonly store: ResourceStore,
  ) {}

  /**
   * Creates it, durably; the same content under the same id again finds what is there.
   * @throws GatewayError FORBIDDEN; INVALID (no such parent, or of the wrong type); CONFLICT (id taken by other content)
   */
  async create(
    caller: Principal,
    kind: ResourceKind,
    draft: ResourceDraft,
    id: string = this.ids.timeOrderedUuid(),
  ): Promise<Created<ResourceRecord>> {
    this.policy.requireRight(caller, 'admin');
    const record = newResource(namespaceOf(caller), id, draft, this.clock.now());
    const kept = {
      find: (namespace: Namespace, known: string) => this.store.resource(namespace, known),
      add: (added: ResourceRecord, fingerprint: string) => this.store.addResource(added, fingerprint),
    };
    return createOnce(this.turns, kept, record, fingerprintOf(draft), () => this.requireParent(record, kind));
  }

  /** @throws GatewayError NOT_FOUND */
  async get(caller: Principal, kind: ResourceKind, id: string): Promise<ResourceRecord> {
    this.policy.requireRight(caller, 'read');
    return this.find(namespaceOf(caller), kind, id);
  }

  /**
   * Changes it to what `change` makes of it.
   * @param expected the version that the caller has seen; undefined: whichever there is
   * @throws GatewayError FORBIDDEN; NOT_FOUND; INVALID (parent); CONFLICT (version, cycle, type, status)
   */
  change(
    caller: Principal,
    kind: ResourceKind,
    id: string,
    change: (record: ResourceRecord) => ResourceDraft,
    expected?: number,
  ): Promise<ResourceRecord> {
    this.policy.requireRight(caller, 'admin');
    return this.turns.take([namespaceOf(caller), id], async () => {
      const record = await this.find(namespaceOf(caller), kind, id);
      requireVersion(record, expected);
      const after = changedResource(record, change(record), this.clock.now());
      if (after.parentId !== record.parentId) await this.requireMove(after, kind);
      await this.store.replaceResource(after);
      return after;
    });
  }

  /**
   * Removes it; with `cascade` also all that stands below it, sensors and their data included.
   * @throws GatewayError FORBIDDEN; NOT_FOUND; CONFLICT (version, or something stands below it)
   */
  remove(
    caller: Principal,
    kind: ResourceKind,
    id: string,
    { cascade, expected }: { cascade: boolean; expected?: number | undefined },
  ): Promise<void> {
    this.policy.requireRight(caller, 'admin');
    return this.turns.take([namespaceOf(caller), id], async () => {
      const record = await this.find(namespaceOf(caller), kind, id);
      requireVersion(record, expected);
      if (!cascade && (await this.store.hasChildren(record.namespace, id))) throw hasChildren(kind, id);
      await this.store.removeResource(record, cascade);
    });
  }

  async list(caller: Principal, query: ResourceQuery): Promise<Page<ResourceRecord>> {
    this.policy.requireRight(caller, 'read');
    return this.store.listResources(namespaceOf(caller), query);
  }

  /** What stands directly below it. @throws GatewayError NOT_FOUND */
  async children(caller: Principal, id: string, query: ResourceQuery): Promise<Page<ResourceRecord>> {
    const { namespace } = await this.get(caller, 'resource', id);
    return this.store.listResources(namespace, { ...query, filters: { ...query.filters, parent_id: id } });
  }

  /** @throws GatewayError NOT_FOUND; INVALID when more than 10,000 resources or 64 levels stand below it */
  async tree(caller: Principal, id: string): Promise<ResourceTree> {
    const root = await this.get(caller, 'resource', id);
    const below = await this.store.below(root.namespace, id, MAX_TREE + 1);
    if (below.length > MAX_TREE) throw tooLarge();
    return grown(
      root,
      Map.groupBy(below, (record) => record.parentId),
    );
  }

  /** The ids of a place and of all that it stands below; none of a place that is none. */
  async placesOf(namespace: Namespace, id: string | null): Promise<readonly string[]> {
    return id === null ? [] : this.store.above(namespace, id);
  }

  private async find(namespace: Namespace, kind: ResourceKind, id: string): Promise<ResourceRecord> {
    const record = (await this.store.resource(namespace, id))?.record;
    if (record && (kind === 'resource' || record.type === 'device')) return record;
    throw missing(kind, id);
  }

  private async requireMove(after: ResourceRecord, kind: ResourceKind): Promise<void> {
    await this.requireParent(after, kind);
    const { namespace, id, parentId } = after;
    if (parentId !== null && (await this.store.isWithin(namespace, parentId, id)))
      throw new GatewayError('CONFLICT', `${WORDS[kind].parent}: ${parentId} stands below ${id}`, {
        data: { reason: 'cycle', [WORDS[kind].parent]: parentId },
      });
  }

  private async requireParent(
    { namespace, type, parentId }: ResourceRecord,
    kind: ResourceKind,
  ): Promise<void> {
    const parent = parentId === null ? null : (await this.store.resource(namespace, parentId))?.record;
    if (parent !== undefined && PARENTS[type].includes(parent?.type ?? null)) return;
    throw badParent(WORDS[kind].parent, type);
  }
}

const missing = (kind: ResourceKind, id: string): GatewayError =>
  new GatewayError('NOT_FOUND', WORDS[kind].missing, { data: { [WORDS[kind].id]: id } });

const hasChildren = (kind: ResourceKind, id: string): GatewayError =>
  new GatewayError('CONFLICT', `${id} has children: remove them first, or with cascade=true`, {
    data: { reason: 'has_children', [WORDS[kind].id]: id },
  });

function badParent(field: string, type: ResourceType): GatewayError {
  const allowed = PARENTS[type].map((parent) => parent ?? 'nothing').join(' or ');
  const rule = `a ${type} stands under an existing ${allowed}`;
  return new GatewayError('INVALID', `${field}: ${rule}`, { data: { errors: [{ field, rule }] } });
}

const tooLarge = (): GatewayError =>
  new GatewayError(
    'INVALID',
    `more than ${MAX_TREE} resources or ${MAX_LEVELS} levels stand below it: ask for its children`,
  );

type ByParent = ReadonlyMap<string | null, readonly ResourceRecord[]>;

function grown(record: ResourceRecord, byParent: ByParent, level = 0): ResourceTree {
  if (level > MAX_LEVELS) throw tooLarge();
  const children = byParent.get(record.id) ?? [];
  return { record, children: children.map((child) => grown(child, byParent, level + 1)) };
}
