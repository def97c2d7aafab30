import { GatewayError } from '../../src/core/errors.js';
import type { Namespace } from '../../src/core/ids.js';
import type { Page } from '../../src/core/page.js';
import type { RouteRecord } from '../../src/core/route.js';
import { RouteStore, type RouteQuery, type StoredRoute } from '../../src/engine/routes/route.store.js';
import { memoryPage } from './memory-page.js';

const overtaken = (): GatewayError => new GatewayError('CONFLICT', 'another write came first');
const keyOf = ({ namespace, id }: Pick<RouteRecord, 'namespace' | 'id'>): string => `${namespace}\n${id}`;

/** The route store in memory: what the contract says, in as few words as possible. */
export class MemoryRouteStore extends RouteStore {
  private readonly routes = new Map<string, StoredRoute>();

  override async add(record: RouteRecord, fingerprint: string): Promise<void> {
    if (this.routes.has(keyOf(record))) throw overtaken();
    this.routes.set(keyOf(record), { record, fingerprint });
  }

  override async find(namespace: Namespace, id: string): Promise<StoredRoute | undefined> {
    return this.routes.get(keyOf({ namespace, id }));
  }

  override async replace(record: RouteRecord): Promise<void> {
    const known = this.routes.get(keyOf(record));
    if (known?.record.version !== record.version - 1) throw overtaken();
    this.routes.set(keyOf(record), { ...known, record });
  }

  override async remove(record: RouteRecord): Promise<void> {
    if (this.routes.get(keyOf(record))?.record.version !== record.version) throw overtaken();
    this.routes.delete(keyOf(record));
  }

  override async list(namespace: Namespace, query: RouteQuery): Promise<Page<RouteRecord>> {
    return memoryPage(this.of(namespace), query, (record) => ({
      id: record.id,
      name: record.name,
      priority: record.priority,
      enabled: record.enabled ? '1' : '0',
      source_type: record.source.agentType,
      destination_type: record.destination.agentType,
      created_at: record.createdAt,
      updated_at: record.updatedAt,
    }));
  }

  override async enabled(namespace: Namespace): Promise<readonly RouteRecord[]> {
    return this.of(namespace).filter(({ enabled }) => enabled);
  }

  private of(namespace: Namespace): RouteRecord[] {
    return [...this.routes.values()].map(({ record }) => record).filter((one) => one.namespace === namespace);
  }
}
