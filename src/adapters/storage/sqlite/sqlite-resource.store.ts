import { sql, type CompiledQuery, type Selectable } from 'kysely';
import type { Namespace } from '../../../core/ids.js';
import type { Page } from '../../../core/page.js';
import type { ResourceRecord, SensorRecord, TwinRecord } from '../../../core/resource.js';
import {
  ResourceStore,
  type ResourceQuery,
  type SensorQuery,
  type Stored,
} from '../../../engine/resources/resource.store.js';
import { listPage } from '../keyset-list.js';
import { toResource, toResourceRow, toSensor, toSensorRow, toTwin, toTwinRow } from '../resource-rows.js';
import { resourceStatements } from '../resource-statements.js';
import type { ResourceRow, SensorRow, TwinRow } from '../schema.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { builder, op, statements } from './statements.js';

const STATEMENTS = statements(resourceStatements);

interface Key {
  readonly namespace: Namespace;
  readonly id: string;
}

/** The control plane's records in the gateway's SQLite file. */
export class SqliteResourceStore extends ResourceStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override addResource(record: ResourceRecord, fingerprint: string): Promise<void> {
    return this.database.write([op(STATEMENTS.insertResource, toResourceRow(record, fingerprint))], true);
  }

  override async resource(namespace: Namespace, id: string): Promise<Stored<ResourceRecord> | undefined> {
    const row = await this.database.one<ResourceRow, Key>(STATEMENTS.resource, { namespace, id });
    return row && { record: toResource(row), fingerprint: row.fingerprint };
  }

  override replaceResource(record: ResourceRecord): Promise<void> {
    return this.database.write([op(STATEMENTS.replaceResource, toResourceRow(record, ''), true)], true);
  }

  override removeResource({ namespace, id, version }: ResourceRecord, cascade: boolean): Promise<void> {
    const key = { namespace, id };
    const { holdResource, deleteResource, dropSeriesWithin, deleteSensorsWithin, deleteWithin } = STATEMENTS;
    const removals = cascade ? [dropSeriesWithin, deleteSensorsWithin, deleteWithin] : [deleteResource];
    const ops = removals.map((statement) => op(statement, key));
    return this.database.write([op(holdResource, { ...key, version }, true), ...ops], true);
  }

  override async listResources(namespace: Namespace, query: ResourceQuery): Promise<Page<ResourceRecord>> {
    const page = await listPage<ResourceRow>(this.scan, builder, RESOURCES, namespace, query);
    return { ...page, items: page.items.map(toResource) };
  }

  override async hasChildren(namespace: Namespace, id: string): Promise<boolean> {
    const key = { namespace, id };
    const { aChild, aSensor } = STATEMENTS;
    const found = await Promise.all([aChild, aSensor].map((any) => this.database.one(any, key)));
    return found.some((row) => row !== undefined);
  }

  override async below(namespace: Namespace, id: string, limit: number): Promise<readonly ResourceRecord[]> {
    const query = sql<ResourceRow>`with recursive below(id, level) as (
        select ${id}, 0 union all
        select child.resource_id, below.level + 1 from below join resources child
          on child.namespace = ${namespace} and child.parent_id = below.id
      ) select r.* from below join resources r on r.namespace = ${namespace} and r.resource_id = below.id
        where below.level > 0 order by below.level, r.name, r.resource_id limit ${limit}`;
    return (await this.scan(query.compile(builder))).map(toResource);
  }

  override async above(namespace: Namespace, id: string): Promise<readonly string[]> {
    const rows = await this.database.all<{ resource_id: string }, Key>(STATEMENTS.above, { namespace, id });
    return rows.map((row) => row.resource_id);
  }

  override async isWithin(namespace: Namespace, id: string, ancestor: string): Promise<boolean> {
    const values = { namespace, id, ancestor };
    const row = await this.database.one<{ within: number }, typeof values>(STATEMENTS.within, values);
    return row?.within === 1;
  }

  override addSensor(record: SensorRecord, fingerprint: string): Promise<void> {
    return this.database.write([op(STATEMENTS.insertSensor, toSensorRow(record, fingerprint))], true);
  }

  override async sensor(namespace: Namespace, id: string): Promise<Stored<SensorRecord> | undefined> {
    const row = await this.database.one<Selectable<SensorRow>, Key>(STATEMENTS.sensor, { namespace, id });
    return row && { record: toSensor(row), fingerprint: row.fingerprint };
  }

  override replaceSensor(record: SensorRecord): Promise<void> {
    return this.database.write([op(STATEMENTS.replaceSensor, toSensorRow(record, ''), true)], true);
  }

  override removeSensor({ namespace, id, version }: SensorRecord): Promise<void> {
    const { dropSeries, deleteSensor } = STATEMENTS;
    const key = { namespace, id };
    return this.database.write([op(dropSeries, key), op(deleteSensor, { ...key, version }, true)], true);
  }

  override async listSensors(namespace: Namespace, query: SensorQuery): Promise<Page<SensorRecord>> {
    const page = await listPage<Selectable<SensorRow>>(this.scan, builder, SENSORS, namespace, query);
    return { ...page, items: page.items.map(toSensor) };
  }

  override async twin(namespace: Namespace, deviceId: string): Promise<TwinRecord | undefined> {
    const row = await this.database.one<TwinRow, Key>(STATEMENTS.twin, { namespace, id: deviceId });
    return row && toTwin(row);
  }

  override saveTwin(record: TwinRecord): Promise<void> {
    const row = toTwinRow(record);
    const write =
      record.version === 1 ? op(STATEMENTS.insertTwin, row) : op(STATEMENTS.replaceTwin, row, true);
    return this.database.write([write], true);
  }

  private readonly scan = <Row>(query: CompiledQuery<Row>): Promise<Row[]> => this.database.scan(query);
}

const RESOURCES = { table: 'resources', id: 'resource_id' } as const;
const SENSORS = { table: 'sensors', id: 'sensor_id' } as const;
