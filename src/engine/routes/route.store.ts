import type { Namespace } from '../../core/ids.js';
import type { Page, PageQuery } from '../../core/page.js';
import type { RouteRecord } from '../../core/route.js';

/** A rule, and what it was created with: a repeated creation is told from another one. */
export interface StoredRoute {
  readonly record: RouteRecord;
  readonly fingerprint: string;
}

export type RouteFilter = 'name' | 'enabled' | 'source_type' | 'destination_type';
export type RouteSort = 'created_at' | 'updated_at' | 'name' | 'priority' | 'id';
/** `enabled` is `1` or `0`. */
export type RouteQuery = PageQuery<RouteFilter, RouteSort>;

/**
 * Port: the rules of routing. A promise of a write resolves when it is on disk; it rejects with CONFLICT when what it
 * refers to has changed meanwhile, and with STORAGE_UNAVAILABLE while the storage takes no writes.
 */
export abstract class RouteStore {
  /** CONFLICT: the id is taken. */
  abstract add(record: RouteRecord, fingerprint: string): Promise<void>;
  abstract find(namespace: Namespace, id: string): Promise<StoredRoute | undefined>;
  /** CONFLICT: the version is not the one before the record's. */
  abstract replace(record: RouteRecord): Promise<void>;
  /** CONFLICT: another version. */
  abstract remove(record: RouteRecord): Promise<void>;
  abstract list(namespace: Namespace, query: RouteQuery): Promise<Page<RouteRecord>>;
  /** Every enabled rule of a namespace. */
  abstract enabled(namespace: Namespace): Promise<readonly RouteRecord[]>;
}
