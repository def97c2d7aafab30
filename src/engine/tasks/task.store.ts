import type { Follower } from '../../core/follower.js';
import type { AgentRef, Namespace, TaskId } from '../../core/ids.js';
import type {
  LateResult,
  Progress,
  RoutingDecision,
  TaskEvent,
  TaskFailure,
  TaskInput,
  TaskRecord,
} from '../../core/task.js';
import type { TaskState } from '../../core/task-states.js';

/** Makes a repeated submission find the task of the first one. */
export interface SubmissionKey {
  readonly key: string;
  readonly fingerprint: string;
}

export interface NewTaskRecord {
  readonly record: TaskRecord;
  readonly input: TaskInput;
  readonly event: TaskEvent;
  readonly submission: SubmissionKey | undefined;
  /** Stored with it: whoever wants to be told of the task is told of all of it. */
  readonly followers?: readonly Follower[] | undefined;
}

/** A task is given to an agent, or (agent null) taken from it. */
export interface AssignmentChange {
  readonly agent: AgentRef | null;
  readonly agentPrincipal: string | null;
  readonly attempt: number;
  readonly routing: RoutingDecision;
  readonly updatedAt: number;
  readonly deadlineAt: number;
}

/** A step of a task: its newest event and what the record shows after it. */
export interface TaskStep {
  readonly event: TaskEvent;
  readonly state: TaskState;
  readonly turn: number | null;
  readonly progress: Progress | null;
  readonly error: TaskFailure | null;
  readonly endedAt: number | null;
  readonly deadlineAt: number | null;
}

/** How many writes shared a commit, and how long it took with its flush, in milliseconds. */
export type CommitListener = (writes: number, ms: number) => void;

export interface TaskFilter {
  readonly status?: TaskState | undefined;
  readonly skill?: string | undefined;
  readonly agent?: string | undefined;
  readonly contextId?: string | undefined;
  /** Only tasks that have changed at this moment or later, milliseconds since the epoch. */
  readonly updatedAfter?: number | undefined;
  /** `created` (default): the newest first; `updated`: what changed last first. */
  readonly order?: TaskOrder | undefined;
  /** 1 to 200. */
  readonly limit: number;
  /** `nextCursor` of the page before, of the same order. */
  readonly cursor?: string | undefined;
  /** Whether to count what the filter finds on all pages; that looks at every task of the namespace. */
  readonly counted?: boolean | undefined;
}

export type TaskOrder = 'created' | 'updated';

export interface TaskPage {
  readonly tasks: readonly TaskRecord[];
  readonly nextCursor: string | null;
  /** Of all pages, where it was asked for. */
  readonly total?: number;
}

/**
 * Port: the durable record of tasks.
 *
 * A promise of a write resolves when the write is committed and on disk. Writes take effect in the order of the calls.
 * While the storage refuses writes (disk full, read-only, failed flush), `submit` rejects with STORAGE_UNAVAILABLE and
 * leaves nothing behind; the other writes belong to tasks that have been acknowledged, so they are kept and done,
 * in order, once the storage is back. Reads go on meanwhile.
 */
export abstract class TaskStore {
  /** @throws GatewayError STORAGE_UNAVAILABLE; CONFLICT when the submission key exists */
  abstract submit(task: NewTaskRecord): Promise<void>;
  abstract assign(id: TaskId, change: AssignmentChange): Promise<void>;
  abstract append(id: TaskId, step: TaskStep): Promise<void>;
  /** Moves the deadline only: the agent gave a sign of life that is no event. */
  abstract postpone(id: TaskId, deadlineAt: number): Promise<void>;
  abstract keepLate(id: TaskId, late: LateResult): Promise<void>;
  /** Deletes at most `limit` tasks that ended before a moment, with all that hangs on them; resolves to how many. */
  abstract purge(endedBefore: number, limit: number): Promise<number>;

  abstract get(id: TaskId): Promise<TaskRecord | undefined>;
  abstract input(id: TaskId): Promise<TaskInput | undefined>;
  /** Events after `seq`, in order, at most `limit`. */
  abstract eventsSince(id: TaskId, seq: number, limit: number): Promise<readonly TaskEvent[]>;
  /** The newest entry of the log. */
  abstract lastEvent(id: TaskId): Promise<TaskEvent | undefined>;
  /** The entries of the log that a message can come with, in order: all but progress and pieces of artifacts. */
  abstract conversation(id: TaskId): Promise<readonly TaskEvent[]>;
  abstract findSubmission(namespace: Namespace, key: string): Promise<FoundSubmission | undefined>;
  /**
   * `namespace` null: all. By `updated` a task that changes between two pages may show on both, or on none.
   * @throws GatewayError INVALID for a cursor that is none of this order
   */
  abstract list(namespace: Namespace | null, filter: TaskFilter): Promise<TaskPage>;
  /** Every task that has not ended, oldest first. */
  abstract open(): Promise<readonly TaskRecord[]>;

  /** Calls `listener` after each commit, for those who watch. */
  abstract onCommit(listener: CommitListener): void;

  /** False while writes are refused. */
  abstract readonly available: boolean;
}

export interface FoundSubmission {
  readonly taskId: TaskId;
  readonly fingerprint: string;
}
