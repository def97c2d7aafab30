import type { AgentName, Namespace } from '../../../core/ids.js';
import type { Right } from '../../../core/principal.js';
import { ApiKeyStore, type ApiKeyRecord } from '../../../engine/auth/api-key.store.js';
import { apiKeyStatements } from '../api-key-statements.js';
import type { ApiKeyRow } from '../schema.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { op, statements } from './statements.js';

const STATEMENTS = statements(apiKeyStatements);

/** API keys in the gateway's SQLite file. */
export class SqliteApiKeyStore extends ApiKeyStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override insert(key: ApiKeyRecord): Promise<void> {
    return this.database.write([op(STATEMENTS.insertKey, toRow(key))], true);
  }

  override async get(id: string): Promise<ApiKeyRecord | undefined> {
    const row = await this.database.one<ApiKeyRow, { id: string }>(STATEMENTS.key, { id });
    return row && toRecord(row);
  }

  override async list(namespace: Namespace | null): Promise<readonly ApiKeyRecord[]> {
    const rows =
      namespace === null
        ? await this.database.all<ApiKeyRow, object>(STATEMENTS.keys, {})
        : await this.database.all<ApiKeyRow, { namespace: string }>(STATEMENTS.keysOf, { namespace });
    return rows.map(toRecord);
  }

  override delete(id: string): Promise<void> {
    return this.database.write([op(STATEMENTS.deleteKey, { id }, true)], true);
  }

  override touch(id: string, at: number): Promise<void> {
    return this.database.write([op(STATEMENTS.touchKey, { id, at })], true);
  }
}

const toRow = (key: ApiKeyRecord): ApiKeyRow => ({
  id: key.id,
  name: key.name,
  namespace: key.namespace,
  agent: key.agent,
  rights: key.rights.join(' '),
  hash: key.hash,
  created_by: key.createdBy,
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  last_used_at: key.lastUsedAt,
});

const toRecord = (row: ApiKeyRow): ApiKeyRecord => ({
  id: row.id,
  name: row.name,
  namespace: row.namespace as Namespace,
  agent: row.agent as AgentName | null,
  rights: row.rights.split(' ').filter((word) => word !== '') as Right[],
  hash: row.hash,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
});
