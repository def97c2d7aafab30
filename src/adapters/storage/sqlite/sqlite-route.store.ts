import type { Namespace } from '../../../core/ids.js';
import type { Page } from '../../../core/page.js';
import type { RouteRecord } from '../../../core/route.js';
import { RouteStore, type RouteQuery, type StoredRoute } from '../../../engine/routes/route.store.js';
import { listPage } from '../keyset-list.js';
import { routeStatements } from '../route-statements.js';
import type { RouteRow } from '../schema.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { builder, op, statements } from './statements.js';

const STATEMENTS = statements(routeStatements);
const ROUTES = { table: 'routes', id: 'route_id' } as const;

/** The rules of routing in the gateway's SQLite file. */
export class SqliteRouteStore extends RouteStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override add(record: RouteRecord, fingerprint: string): Promise<void> {
    return this.database.write([op(STATEMENTS.insertRoute, toRow(record, fingerprint))], true);
  }

  override async find(namespace: Namespace, id: string): Promise<StoredRoute | undefined> {
    const key = { namespace, id };
    const row = await this.database.one<RouteRow, typeof key>(STATEMENTS.route, key);
    return row && { record: toRoute(row), fingerprint: row.fingerprint };
  }

  override replace(record: RouteRecord): Promise<void> {
    return this.database.write([op(STATEMENTS.replaceRoute, toRow(record, ''), true)], true);
  }

  override remove({ namespace, id, version }: RouteRecord): Promise<void> {
    return this.database.write([op(STATEMENTS.deleteRoute, { namespace, id, version }, true)], true);
  }

  override async list(namespace: Namespace, query: RouteQuery): Promise<Page<RouteRecord>> {
    const page = await listPage<RouteRow>(
      (asked) => this.database.scan(asked),
      builder,
      ROUTES,
      namespace,
      query,
    );
    return { ...page, items: page.items.map(toRoute) };
  }

  override async enabled(namespace: Namespace): Promise<readonly RouteRecord[]> {
    const key = { namespace };
    return (await this.database.all<RouteRow, typeof key>(STATEMENTS.enabledRoutes, key)).map(toRoute);
  }
}

const toRow = (record: RouteRecord, fingerprint: string): RouteRow => ({
  namespace: record.namespace,
  route_id: record.id,
  name: record.name,
  description: record.description,
  source: JSON.stringify(record.source),
  destination: JSON.stringify(record.destination),
  source_type: record.source.agentType,
  destination_type: record.destination.agentType,
  priority: record.priority,
  enabled: record.enabled ? 1 : 0,
  created_at: record.createdAt,
  updated_at: record.updatedAt,
  version: record.version,
  fingerprint,
});

const toRoute = (row: RouteRow): RouteRecord => ({
  namespace: row.namespace as Namespace,
  id: row.route_id,
  name: row.name,
  description: row.description,
  source: JSON.parse(row.source) as RouteRecord['source'],
  destination: JSON.parse(row.destination) as RouteRecord['destination'],
  priority: row.priority,
  enabled: row.enabled === 1,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  version: row.version,
});
