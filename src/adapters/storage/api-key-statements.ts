import type { Kysely } from 'kysely';
import { param, placeholders, Prepared } from './prepared.js';
import type { ApiKeyRow, Schema } from './schema.js';

type Id = Pick<ApiKeyRow, 'id'>;

// prettier-ignore
const COLUMNS: readonly (keyof ApiKeyRow)[] = [
  'id', 'name', 'namespace', 'agent', 'rights', 'hash', 'created_by', 'created_at', 'expires_at', 'last_used_at',
];

const id = param<string>('id');

/** Every statement of the store of API keys, compiled once for a dialect. */
export const apiKeyStatements = (db: Kysely<Schema>) => ({
  insertKey: new Prepared<ApiKeyRow>(db.insertInto('api_keys').values(placeholders<ApiKeyRow>(...COLUMNS))),
  deleteKey: new Prepared<Id>(db.deleteFrom('api_keys').where('id', '=', id)),
  touchKey: new Prepared<Id & { readonly at: number }>(
    db
      .updateTable('api_keys')
      .set({ last_used_at: param<number>('at') })
      .where('id', '=', id),
  ),
  key: new Prepared<Id>(db.selectFrom('api_keys').selectAll().where('id', '=', id)),
  keys: new Prepared<object>(db.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('id')),
  keysOf: new Prepared<Pick<ApiKeyRow, 'namespace'>>(
    db
      .selectFrom('api_keys')
      .selectAll()
      .where('namespace', '=', param<string>('namespace'))
      .orderBy('created_at')
      .orderBy('id'),
  ),
});
