import type { Kysely } from 'kysely';
import { param, Prepared } from './prepared.js';
import type { Schema, TaskFollowerRow } from './schema.js';

type Key = Pick<TaskFollowerRow, 'task_id' | 'id'>;
type Step = Key & Pick<TaskFollowerRow, 'next_seq' | 'done'>;

const COLUMNS: readonly (keyof TaskFollowerRow)[] = [
  'task_id',
  'id',
  'namespace',
  'kind',
  'config',
  'next_seq',
  'done',
  'created_at',
];
const row = Object.fromEntries(
  COLUMNS.map((column) => [column, param(column)]),
) as unknown as TaskFollowerRow;
const taskId = param<string>('task_id');
const id = param<string>('id');

/** Every statement about followers, compiled once for a dialect. */
export const followerStatements = (db: Kysely<Schema>) => {
  const all = db.selectFrom('task_followers').selectAll();
  return {
    putFollower: new Prepared<TaskFollowerRow>(
      db
        .insertInto('task_followers')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['task_id', 'id']).doUpdateSet((eb) => ({
            kind: row.kind,
            config: row.config,
            next_seq: eb
              .case()
              .when('task_followers.done', '=', 1)
              .then(row.next_seq)
              .else(eb.ref('task_followers.next_seq'))
              .end(),
            done: 0,
          })),
        ),
    ),
    /** Changes no row when the follower has been there already. */
    advance: new Prepared<Step>(
      db
        .updateTable('task_followers')
        .set({ next_seq: row.next_seq, done: row.done })
        .where('task_id', '=', taskId)
        .where('id', '=', id)
        .where('next_seq', '<', row.next_seq)
        .where('done', '=', 0),
    ),
    finish: new Prepared<Key>(
      db.updateTable('task_followers').set({ done: 1 }).where('task_id', '=', taskId).where('id', '=', id),
    ),
    removeFollower: new Prepared<Key>(
      db.deleteFrom('task_followers').where('task_id', '=', taskId).where('id', '=', id),
    ),
    removeFollowers: new Prepared<Pick<Key, 'id'>>(db.deleteFrom('task_followers').where('task_id', '=', id)),
    follower: new Prepared<Key>(all.where('task_id', '=', taskId).where('id', '=', id)),
    followersOf: new Prepared<Pick<Key, 'task_id'>>(all.where('task_id', '=', taskId).orderBy('id')),
    openFollowers: new Prepared<object>(
      all
        .where('done', '=', (eb) => eb.lit(0))
        .orderBy('task_id')
        .orderBy('id'),
    ),
  };
};
