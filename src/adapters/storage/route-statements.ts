import { sql, type Kysely } from 'kysely';
import { param, placeholders, Prepared } from './prepared.js';
import type { RouteRow, Schema } from './schema.js';

// prettier-ignore
const COLUMNS: readonly (keyof RouteRow)[] = [
  'namespace', 'route_id', 'name', 'description', 'source', 'destination', 'source_type', 'destination_type', 'priority',
  'enabled', 'created_at', 'updated_at', 'version', 'fingerprint',
];
// prettier-ignore
const CHANGES: readonly (keyof RouteRow)[] = [
  'name', 'description', 'source', 'destination', 'source_type', 'destination_type', 'priority', 'enabled', 'updated_at',
  'version',
];

interface Key {
  readonly namespace: string;
  readonly id: string;
}

/** Every statement of the route store, compiled once for a dialect. */
export function routeStatements(db: Kysely<Schema>) {
  const namespace = param<string>('namespace');
  const id = param<string>('id');
  return {
    insertRoute: new Prepared<RouteRow>(db.insertInto('routes').values(placeholders<RouteRow>(...COLUMNS))),
    /** Changes nothing when another writer was faster. */
    replaceRoute: new Prepared<RouteRow>(
      db
        .updateTable('routes')
        .set(placeholders<Partial<RouteRow>>(...CHANGES))
        .where('namespace', '=', namespace)
        .where('route_id', '=', param<string>('route_id'))
        .where('version', '=', sql<number>`${param('version')} - 1`),
    ),
    deleteRoute: new Prepared<Key & { readonly version: number }>(
      db
        .deleteFrom('routes')
        .where('namespace', '=', namespace)
        .where('route_id', '=', id)
        .where('version', '=', param<number>('version')),
    ),
    route: new Prepared<Key>(
      db.selectFrom('routes').selectAll().where('namespace', '=', namespace).where('route_id', '=', id),
    ),
    enabledRoutes: new Prepared<{ readonly namespace: string }>(
      db.selectFrom('routes').selectAll().where('namespace', '=', namespace).where('enabled', '=', 1),
    ),
  };
}
