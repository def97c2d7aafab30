import type { Follower } from '../../core/follower.js';
import type { TaskId } from '../../core/ids.js';
import type { NewDeliveryRecord } from './outbox.store.js';

/** How far a follower has been told. */
export interface FollowerStep {
  readonly taskId: TaskId;
  readonly id: string;
  readonly nextSeq: number;
  readonly done: boolean;
}

/**
 * Port: who follows which task, and how far each has been told. Followers go with their task when the retention deletes it.
 * A promise of a write resolves when the write is committed and on disk; `put` and `remove` reject with
 * STORAGE_UNAVAILABLE while the storage refuses writes, the others are kept and done later.
 */
export abstract class FollowerStore {
  /** Adds a follower; one with the same task and id gets the new config, and keeps its place in the log unless it was done. */
  abstract put(follower: Follower): Promise<void>;
  /**
   * Moves a follower on and puts its deliveries in: both or neither, so nothing is told twice or never.
   * @throws GatewayError CONFLICT when it is gone, or has been there already
   */
  abstract advance(step: FollowerStep, deliveries: readonly NewDeliveryRecord[]): Promise<void>;
  /** It is told nothing any more. */
  abstract finish(taskId: TaskId, id: string): Promise<void>;
  /** Deletes a follower; harmless when there is none. */
  abstract remove(taskId: TaskId, id: string): Promise<void>;

  abstract get(taskId: TaskId, id: string): Promise<Follower | undefined>;
  /** By id. */
  abstract of(taskId: TaskId): Promise<readonly Follower[]>;
  /** Every one that is not done, by task. */
  abstract open(): Promise<readonly Follower[]>;
}
