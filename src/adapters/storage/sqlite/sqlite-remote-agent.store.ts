import type { AgentName, AgentRef, Namespace, TaskId } from '../../../core/ids.js';
import type { JsonObject } from '../../../core/json.js';
import {
  type RemoteAgentRecord,
  RemoteAgentStore,
  type RemoteContext,
  type RemoteRun,
} from '../../../engine/registry/remote-agent.store.js';
import { remoteStatements } from '../remote-statements.js';
import type { RemoteAgentRow, RemoteContextRow, RemoteRunRow } from '../schema.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { op, statements } from './statements.js';

const STATEMENTS = statements(remoteStatements);

/** Remote agents in the gateway's SQLite file. */
export class SqliteRemoteAgentStore extends RemoteAgentStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override save(record: RemoteAgentRecord): Promise<void> {
    return this.database.write([op(STATEMENTS.saveAgent, toAgentRow(record))], true);
  }

  override remove({ namespace, name }: AgentRef): Promise<void> {
    const { deleteAgent, deleteRuns, deleteContexts } = STATEMENTS;
    const ops = [deleteAgent, deleteRuns, deleteContexts].map((statement) =>
      op(statement, { namespace, name }),
    );
    return this.database.write(ops, true);
  }

  override async all(): Promise<readonly RemoteAgentRecord[]> {
    return (await this.database.all<RemoteAgentRow, object>(STATEMENTS.agents, {})).map(toAgentRecord);
  }

  override saveRun(run: RemoteRun, context: RemoteContext | undefined, at: number): Promise<void> {
    const ops = [op(STATEMENTS.saveRun, toRunRow(run))];
    if (context) ops.push(op(STATEMENTS.saveContext, toContextRow(context, at)));
    return this.database.write(ops, false);
  }

  override removeRun(taskId: TaskId): Promise<void> {
    return this.database.write([op(STATEMENTS.deleteRun, { task_id: taskId })], false);
  }

  override async runs(): Promise<readonly RemoteRun[]> {
    return (await this.database.all<RemoteRunRow, object>(STATEMENTS.runs, {})).map(toRun);
  }

  override async remoteContext(
    caller: Namespace,
    contextId: string,
    { namespace, name }: AgentRef,
  ): Promise<string | undefined> {
    const key = { caller_namespace: caller, context_id: contextId, namespace, name };
    const row = await this.database.one<Pick<RemoteContextRow, 'remote_context_id'>, typeof key>(
      STATEMENTS.context,
      key,
    );
    return row?.remote_context_id;
  }

  override purgeContexts(usedBefore: number): Promise<void> {
    return this.database.write([op(STATEMENTS.purgeContexts, { before: usedBefore })], true);
  }
}

const refOf = ({ namespace, name }: { namespace: string; name: string }): AgentRef => ({
  namespace: namespace as Namespace,
  name: name as AgentName,
});

const toAgentRow = (record: RemoteAgentRecord): RemoteAgentRow => ({
  namespace: record.ref.namespace,
  name: record.ref.name,
  card_url: record.cardUrl,
  found_at: record.foundAt,
  card: JSON.stringify(record.card),
  etag: record.etag,
  signature: record.signature,
  max_concurrency: record.maxConcurrency,
  streaming: record.streaming === null ? null : Number(record.streaming),
  auth: record.auth,
  created_by: record.createdBy,
  created_at: record.createdAt,
  updated_at: record.updatedAt,
});

const toAgentRecord = (row: RemoteAgentRow): RemoteAgentRecord => ({
  ref: refOf(row),
  cardUrl: row.card_url,
  foundAt: row.found_at,
  card: JSON.parse(row.card) as JsonObject,
  etag: row.etag,
  signature: row.signature,
  maxConcurrency: row.max_concurrency,
  streaming: row.streaming === null ? null : row.streaming === 1,
  auth: row.auth,
  createdBy: row.created_by,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const toRunRow = ({ taskId, ref, remoteTaskId, remoteContextId }: RemoteRun): RemoteRunRow => ({
  task_id: taskId,
  ...ref,
  remote_task_id: remoteTaskId,
  remote_context_id: remoteContextId,
});

const toRun = (row: RemoteRunRow): RemoteRun => ({
  taskId: row.task_id as TaskId,
  ref: refOf(row),
  remoteTaskId: row.remote_task_id,
  remoteContextId: row.remote_context_id,
});

const toContextRow = (context: RemoteContext, at: number): RemoteContextRow => ({
  caller_namespace: context.namespace,
  context_id: context.contextId,
  ...context.ref,
  remote_context_id: context.remoteContextId,
  used_at: at,
});
