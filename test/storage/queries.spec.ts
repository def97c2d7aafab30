import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { CompiledQuery } from 'kysely';
import type { Namespace } from '../../src/core/ids.js';
import { prepareFile } from '../../src/adapters/storage/sqlite/sqlite-file.js';
import { builder } from '../../src/adapters/storage/sqlite/statements.js';
import { listTasks } from '../../src/adapters/storage/task-list.js';
import { resourceStatements } from '../../src/adapters/storage/resource-statements.js';
import { routeStatements } from '../../src/adapters/storage/route-statements.js';
import { telemetryStatements } from '../../src/adapters/storage/telemetry-statements.js';
import { taskStatements } from '../../src/adapters/storage/task-statements.js';
import { deliveryStatements } from '../../src/adapters/storage/delivery-statements.js';
import { followerStatements } from '../../src/adapters/storage/follower-statements.js';
import type { TaskFilter } from '../../src/engine/tasks/task.store.js';

const STATEMENTS = Object.entries(taskStatements(builder)).map(([name, { sql }]) => ({ name, sql }));
const BY_INDEX = /^SEARCH \w+ USING ((COVERING )?INDEX \w+|PRIMARY KEY) \(/;
const OUTBOX = Object.entries({ ...deliveryStatements(builder), ...followerStatements(builder) }).map(
  ([name, { sql }]) => ({ name, sql }),
);
/** Of the outbox: by an index; what looks at all that is open or dead walks an index that has nothing else. */
const OUTBOX_STEP =
  /^SEARCH \w+ USING ((COVERING )?INDEX \w+|(INTEGER )?PRIMARY KEY) \(|^SCALAR SUBQUERY|^SCAN \w+ USING (COVERING )?INDEX (deliveries_(open|dead)|task_followers_open)$/;
const IN_ORDER_OF_INDEX = /^SCAN tasks USING INDEX tasks_open$/;

/** Cost must not grow with what is stored: each row is found by an index, in the order in which it is wanted. */
describe('query plans', () => {
  const folder = mkdtempSync(join(tmpdir(), 'query-plans-'));
  const file = join(folder, 'gateway.db');
  let db: DatabaseSync;

  beforeAll(async () => {
    await prepareFile({ file, durable: false, dispose: () => undefined });
    db = new DatabaseSync(file);
  });
  afterAll(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  const plan = (sql: string) =>
    db
      .prepare(`explain query plan ${sql}`)
      .all()
      .map((row) => String(row['detail']));

  it.each(STATEMENTS.filter(({ name }) => name !== 'probe'))('$name', ({ name, sql }) => {
    for (const line of plan(sql)) expect(line).toMatch(name === 'open' ? IN_ORDER_OF_INDEX : BY_INDEX);
    expect(plan(sql)).toHaveLength(sql.startsWith('insert') ? 0 : 1);
  });

  it.each(
    Object.entries({
      ...resourceStatements(builder),
      ...telemetryStatements(builder),
      ...routeStatements(builder),
    }),
  )('of the control plane: %s looks at no table as a whole', (_, { sql }) => {
    if (/^select "\w+" from "\w+"( order by "seq" desc)? limit \?$/.test(sql)) return; // the first row there is
    const scans = plan(sql).filter((line) => /^SCAN (?!below$|up$|json_each |CONSTANT ROW)/.test(line));
    expect(scans).toEqual([]);
  });

  it.each(OUTBOX)('outbox: $name', ({ sql }) => {
    for (const line of plan(sql)) expect(line).toMatch(OUTBOX_STEP);
  });

  /** What a list asks of an empty database. */
  const queriesOf = async (namespace: string | null, filter: Partial<TaskFilter>): Promise<string[]> => {
    const queries: string[] = [];
    const run = <Row>({ sql }: CompiledQuery<Row>) => {
      queries.push(sql);
      return Promise.resolve<Row[]>([]);
    };
    await listTasks(run, builder, namespace as Namespace | null, { limit: 50, ...filter });
    return queries;
  };

  it.each<[string, Partial<TaskFilter>, RegExp]>([
    ['everything', {}, /INDEX tasks_by_namespace \(namespace=\?\)/],
    ['a next page', { cursor: 't-1' }, /INDEX tasks_by_namespace \(namespace=\? AND id<\?\)/],
    ['a search', { status: 'failed', skill: 's', agent: 'a' }, /INDEX tasks_by_namespace \(namespace=\?\)/],
    [
      'a context',
      { contextId: 'c', status: 'failed' },
      /INDEX tasks_by_context \(namespace=\? AND context_id=\?\)/,
    ],
  ])('a list of %s', async (_, filter, expected) => {
    for (const sql of await queriesOf('a', filter))
      expect(plan(sql)).toEqual([expect.stringMatching(expected)]);
  });

  it.each<[string, Partial<TaskFilter>]>([
    ['everything', {}],
    ['a search', { status: 'failed' }],
    ['a context', { contextId: 'c' }],
  ])(
    'a list of %s over all namespaces walks the table from its newest row and sorts nothing',
    async (_, filter) => {
      for (const sql of await queriesOf(null, filter)) expect(plan(sql)).toEqual(['SCAN tasks']);
      for (const sql of await queriesOf(null, { ...filter, cursor: 't-1' }))
        expect(plan(sql)).toEqual(['SEARCH tasks USING PRIMARY KEY (id<?)']);
    },
  );

  it('a search asks where its slice ends before it looks', async () => {
    expect(await queriesOf('a', {})).toHaveLength(1);
    expect(await queriesOf('a', { contextId: 'c', status: 'failed' })).toHaveLength(1);
    for (const [namespace, filter] of [
      ['a', { skill: 's' }],
      [null, { contextId: 'c' }],
    ] as const) {
      const [first, ...others] = await queriesOf(namespace, filter);
      expect(first).toMatch(/^select "id".* from "tasks" .* limit \? offset \?$/);
      expect(others).toHaveLength(1);
    }
  });
});
