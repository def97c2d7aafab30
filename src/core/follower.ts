import type { Namespace, TaskId } from './ids.js';

/** Somebody who is told about a task as it goes on. */
export interface NewFollower {
  /** Unique within the task, e.g. `callback`, `push:<id of the config>`. */
  readonly id: string;
  /** Whose words it is told in: `callback`, `push`. */
  readonly kind: string;
  /** The kind's own; secrets in it are sealed. */
  readonly config: string;
}

/** A follower as it is kept. */
export interface Follower extends NewFollower {
  readonly taskId: TaskId;
  readonly namespace: Namespace;
  /** Sequence of the first event that it has not been told about. */
  readonly nextSeq: number;
  /** It has been told about the end of the task, or wants to hear no more. */
  readonly done: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}
