import { sql, type Kysely } from 'kysely';
import { param, placeholders, Prepared } from './prepared.js';
import type { ResourceRow, Schema, SensorRow, TwinRow } from './schema.js';

// prettier-ignore
const RESOURCE_COLUMNS: readonly (keyof ResourceRow)[] = [
  'namespace', 'resource_id', 'type', 'name', 'description', 'properties', 'metadata', 'parent_id', 'status', 'device_type',
  'device_status', 'agent_id', 'last_seen', 'created_at', 'updated_at', 'version', 'fingerprint',
];
/** What a change of the record changes: not when the device was seen last. */
// prettier-ignore
const RESOURCE_CHANGES: readonly (keyof ResourceRow)[] = [
  'name', 'description', 'properties', 'metadata', 'parent_id', 'status', 'device_type', 'device_status', 'agent_id',
  'updated_at', 'version',
];
type NewSensorRow = Omit<SensorRow, 'series'>;
// prettier-ignore
const SENSOR_COLUMNS: readonly (keyof NewSensorRow)[] = [
  'namespace', 'sensor_id', 'device_id', 'name', 'type', 'unit', 'range_min', 'range_max', 'precision', 'status',
  'stale_after', 'retention_days', 'retention_rows', 'created_at', 'updated_at', 'version', 'fingerprint',
];
// prettier-ignore
const SENSOR_CHANGES: readonly (keyof NewSensorRow)[] = [
  'name', 'type', 'unit', 'range_min', 'range_max', 'precision', 'status', 'stale_after', 'retention_days', 'retention_rows',
  'updated_at', 'version',
];
const TWIN_COLUMNS: readonly (keyof TwinRow)[] = [
  'namespace',
  'device_id',
  'desired',
  'reported',
  'version',
  'updated_at',
];

interface Key {
  readonly namespace: string;
  readonly id: string;
}
type AtVersion = Key & { readonly version: number };

const namespace = param<string>('namespace');
const id = param<string>('id');
/** The state that the caller has seen: the one before what he writes. */
const versionBefore = sql<number>`${param('version')} - 1`;

/** A resource and all that stands below it. */
const within = sql<string>`(with recursive below(id) as (select ${id} union
  select child.resource_id from resources child join below on child.parent_id = below.id where child.namespace = ${namespace})
  select id from below)`;
/** A resource and all that it stands below. */
const upFrom = (start: unknown) => sql<string>`(with recursive up(id) as (select ${start} union
  select r.parent_id from resources r join up on r.resource_id = up.id where r.namespace = ${namespace} and r.parent_id is not null)
  select id from up where id is not null)`;

/** Every statement of the resource store, compiled once for a dialect. */
export const resourceStatements = (db: Kysely<Schema>) => ({
  ...resourceWrites(db),
  ...removals(db),
  ...sensorWrites(db),
  ...twinWrites(db),
  ...reads(db),
});

function resourceWrites(db: Kysely<Schema>) {
  return {
    insertResource: new Prepared<ResourceRow>(
      db.insertInto('resources').values(placeholders<ResourceRow>(...RESOURCE_COLUMNS)),
    ),
    /** Changes nothing when another writer was faster, or when the new parent stands below it. */
    replaceResource: new Prepared<ResourceRow>(
      db
        .updateTable('resources')
        .set(placeholders<Partial<ResourceRow>>(...RESOURCE_CHANGES))
        .where('namespace', '=', namespace)
        .where('resource_id', '=', param<string>('resource_id'))
        .where('version', '=', versionBefore)
        .where(sql<string>`${param('resource_id')}`, 'not in', upFrom(param('parent_id'))),
    ),
  };
}

function removals(db: Kysely<Schema>) {
  const ofDevices = sql<boolean>`device_id in ${within}`;
  return {
    /** Changes the row to what it is: whether it is still there as it was seen. */
    holdResource: new Prepared<AtVersion>(
      db
        .updateTable('resources')
        .set({ version: param('version') })
        .where('namespace', '=', namespace)
        .where('resource_id', '=', id)
        .where('version', '=', param<number>('version')),
    ),
    /** The constraints refuse it while something stands below it. */
    deleteResource: new Prepared<Key>(
      db.deleteFrom('resources').where('namespace', '=', namespace).where('resource_id', '=', id),
    ),
    deleteWithin: new Prepared<Key>(
      db
        .deleteFrom('resources')
        .where('namespace', '=', namespace)
        .where(sql<boolean>`resource_id in ${within}`),
    ),
    deleteSensorsWithin: new Prepared<Key>(
      db.deleteFrom('sensors').where('namespace', '=', namespace).where(ofDevices),
    ),
    dropSeriesWithin: new Prepared<Key>(
      db
        .insertInto('dropped_series')
        .columns(['series'])
        .expression(
          db.selectFrom('sensors').select('series').where('namespace', '=', namespace).where(ofDevices),
        ),
    ),
    deleteSensor: new Prepared<AtVersion>(
      db
        .deleteFrom('sensors')
        .where('namespace', '=', namespace)
        .where('sensor_id', '=', id)
        .where('version', '=', param<number>('version')),
    ),
    dropSeries: new Prepared<Key>(
      db
        .insertInto('dropped_series')
        .columns(['series'])
        .expression(
          db
            .selectFrom('sensors')
            .select('series')
            .where('namespace', '=', namespace)
            .where('sensor_id', '=', id),
        ),
    ),
  };
}

function sensorWrites(db: Kysely<Schema>) {
  return {
    insertSensor: new Prepared<NewSensorRow>(
      db.insertInto('sensors').values(placeholders<NewSensorRow>(...SENSOR_COLUMNS)),
    ),
    replaceSensor: new Prepared<NewSensorRow>(
      db
        .updateTable('sensors')
        .set(placeholders<Partial<NewSensorRow>>(...SENSOR_CHANGES))
        .where('namespace', '=', namespace)
        .where('sensor_id', '=', param<string>('sensor_id'))
        .where('version', '=', versionBefore),
    ),
  };
}

function twinWrites(db: Kysely<Schema>) {
  return {
    insertTwin: new Prepared<TwinRow>(db.insertInto('twins').values(placeholders<TwinRow>(...TWIN_COLUMNS))),
    replaceTwin: new Prepared<TwinRow>(
      db
        .updateTable('twins')
        .set(placeholders<Partial<TwinRow>>('desired', 'reported', 'version', 'updated_at'))
        .where('namespace', '=', namespace)
        .where('device_id', '=', param<string>('device_id'))
        .where('version', '=', versionBefore),
    ),
  };
}

function reads(db: Kysely<Schema>) {
  const of = (table: 'resources', column: 'resource_id' | 'parent_id') =>
    db.selectFrom(table).where('namespace', '=', namespace).where(column, '=', id);
  return {
    resource: new Prepared<Key>(of('resources', 'resource_id').selectAll()),
    aChild: new Prepared<Key>(of('resources', 'parent_id').select('resource_id').limit(1)),
    aSensor: new Prepared<Key>(
      db
        .selectFrom('sensors')
        .select('sensor_id')
        .where('namespace', '=', namespace)
        .where('device_id', '=', id)
        .limit(1),
    ),
    above: new Prepared<Key>(
      db
        .selectFrom('resources')
        .select('resource_id')
        .where('namespace', '=', namespace)
        .where(sql<string>`resource_id`, 'in', upFrom(id)),
    ),
    within: new Prepared<Key & { readonly ancestor: string }>(
      db.selectNoFrom(sql<number>`${param('ancestor')} in ${upFrom(id)}`.as('within')),
    ),
    sensor: new Prepared<Key>(
      db.selectFrom('sensors').selectAll().where('namespace', '=', namespace).where('sensor_id', '=', id),
    ),
    twin: new Prepared<Key>(
      db.selectFrom('twins').selectAll().where('namespace', '=', namespace).where('device_id', '=', id),
    ),
  };
}
