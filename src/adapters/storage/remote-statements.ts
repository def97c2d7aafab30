import type { Kysely } from 'kysely';
import { param, placeholders, Prepared } from './prepared.js';
import type { RemoteAgentRow, RemoteContextRow, RemoteRunRow, Schema } from './schema.js';

type Ref = Pick<RemoteAgentRow, 'namespace' | 'name'>;
type ContextKey = Omit<RemoteContextRow, 'remote_context_id' | 'used_at'>;

// prettier-ignore
const AGENT: readonly (keyof RemoteAgentRow)[] = [
  'namespace', 'name', 'card_url', 'found_at', 'card', 'etag', 'signature', 'max_concurrency', 'streaming', 'auth', 'created_by',
  'created_at', 'updated_at',
];
const RUN: readonly (keyof RemoteRunRow)[] = [
  'task_id',
  'namespace',
  'name',
  'remote_task_id',
  'remote_context_id',
];
const CONTEXT: readonly (keyof RemoteContextRow)[] = [
  'caller_namespace',
  'context_id',
  'namespace',
  'name',
  'remote_context_id',
  'used_at',
];

const namespace = param<string>('namespace');
const name = param<string>('name');

/** Every statement of the store of remote agents. */
export const remoteStatements = (db: Kysely<Schema>) => ({
  ...agents(db),
  ...runs(db),
  ...contexts(db),
});

function agents(db: Kysely<Schema>) {
  const row = placeholders<RemoteAgentRow>(...AGENT);
  return {
    saveAgent: new Prepared<RemoteAgentRow>(
      db
        .insertInto('remote_agents')
        .values(row)
        .onConflict((on) => on.columns(['namespace', 'name']).doUpdateSet(row)),
    ),
    deleteAgent: new Prepared<Ref>(
      db.deleteFrom('remote_agents').where('namespace', '=', namespace).where('name', '=', name),
    ),
    agents: new Prepared<object>(
      db.selectFrom('remote_agents').selectAll().orderBy('namespace').orderBy('name'),
    ),
  };
}

function runs(db: Kysely<Schema>) {
  const row = placeholders<RemoteRunRow>(...RUN);
  return {
    saveRun: new Prepared<RemoteRunRow>(
      db
        .insertInto('remote_runs')
        .values(row)
        .onConflict((on) => on.column('task_id').doUpdateSet(row)),
    ),
    deleteRun: new Prepared<Pick<RemoteRunRow, 'task_id'>>(
      db.deleteFrom('remote_runs').where('task_id', '=', param<string>('task_id')),
    ),
    deleteRuns: new Prepared<Ref>(
      db.deleteFrom('remote_runs').where('namespace', '=', namespace).where('name', '=', name),
    ),
    runs: new Prepared<object>(db.selectFrom('remote_runs').selectAll().orderBy('task_id')),
  };
}

function contexts(db: Kysely<Schema>) {
  const row = placeholders<RemoteContextRow>(...CONTEXT);
  return {
    saveContext: new Prepared<RemoteContextRow>(
      db
        .insertInto('remote_contexts')
        .values(row)
        .onConflict((on) =>
          on.columns(['caller_namespace', 'context_id', 'namespace', 'name']).doUpdateSet(row),
        ),
    ),
    deleteContexts: new Prepared<Ref>(
      db.deleteFrom('remote_contexts').where('namespace', '=', namespace).where('name', '=', name),
    ),
    context: new Prepared<ContextKey>(
      db
        .selectFrom('remote_contexts')
        .select('remote_context_id')
        .where('caller_namespace', '=', param<string>('caller_namespace'))
        .where('context_id', '=', param<string>('context_id'))
        .where('namespace', '=', namespace)
        .where('name', '=', name),
    ),
    purgeContexts: new Prepared<{ before: number }>(
      db.deleteFrom('remote_contexts').where('used_at', '<', param<number>('before')),
    ),
  };
}
