import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Dialect } from './index.js';

/**
 * Which of the caller's answers a task goes on with; and the order of change for lists. Only ended tasks are in that
 * index: they change no more, so each is put in once, at its right edge. Open ones are few and are sorted when asked for.
 */
export async function up(db: Kysely<Schema>, _dialect: Dialect): Promise<void> {
  await db.schema.alterTable('tasks').addColumn('turn', 'integer').execute();
  await db.schema
    .createIndex('tasks_by_end')
    .on('tasks')
    .columns(['namespace', 'updated_at', 'id'])
    .where(sql.ref('ended_at'), 'is not', null)
    .execute();
}
