import type { Follower } from '../../../core/follower.js';
import type { TaskId } from '../../../core/ids.js';
import { FollowerStore, type FollowerStep } from '../../../engine/messages/follower.store.js';
import type { NewDeliveryRecord } from '../../../engine/messages/outbox.store.js';
import { toFollower, toFollowerRow } from '../delivery-rows.js';
import { followerStatements } from '../follower-statements.js';
import type { TaskFollowerRow } from '../schema.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { deliveryOps } from './sqlite-outbox.store.js';
import { op, statements } from './statements.js';

const STATEMENTS = statements(followerStatements);

/** Puts a follower in, as part of a write. */
export const followerOp = (follower: Follower) => op(STATEMENTS.putFollower, toFollowerRow(follower));

/** Deletes all followers of a task, as part of a write. */
export const forgetFollowers = (taskId: string) => op(STATEMENTS.removeFollowers, { id: taskId });

/** Followers in the gateway's SQLite file. */
export class SqliteFollowerStore extends FollowerStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override put(follower: Follower): Promise<void> {
    return this.database.write([followerOp(follower)], true);
  }

  override advance({ taskId, id, nextSeq, done }: FollowerStep, deliveries: readonly NewDeliveryRecord[]) {
    const values = { task_id: taskId, id, next_seq: nextSeq, done: done ? 1 : 0 };
    return this.database.write([op(STATEMENTS.advance, values, true), ...deliveryOps(deliveries)], false);
  }

  override finish(taskId: TaskId, id: string): Promise<void> {
    return this.database.write([op(STATEMENTS.finish, { task_id: taskId, id })], false);
  }

  override remove(taskId: TaskId, id: string): Promise<void> {
    return this.database.write([op(STATEMENTS.removeFollower, { task_id: taskId, id })], true);
  }

  override async get(taskId: TaskId, id: string): Promise<Follower | undefined> {
    const values = { task_id: taskId, id };
    const row = await this.database.one<TaskFollowerRow, typeof values>(STATEMENTS.follower, values);
    return row && toFollower(row);
  }

  override async of(taskId: TaskId): Promise<readonly Follower[]> {
    const values = { task_id: taskId };
    return (await this.database.all<TaskFollowerRow, typeof values>(STATEMENTS.followersOf, values)).map(
      toFollower,
    );
  }

  override async open(): Promise<readonly Follower[]> {
    return (await this.database.all<TaskFollowerRow, object>(STATEMENTS.openFollowers, {})).map(toFollower);
  }
}
