import { GatewayError } from '../../src/core/errors.js';
import type { Follower } from '../../src/core/follower.js';
import type { Namespace, TaskId } from '../../src/core/ids.js';
import type { LateResult, TaskEvent, TaskInput, TaskRecord } from '../../src/core/task.js';
import { isTerminal } from '../../src/core/task-states.js';
import {
  TaskStore,
  type AssignmentChange,
  type CommitListener,
  type FoundSubmission,
  type NewTaskRecord,
  type TaskFilter,
  type TaskPage,
  type TaskStep,
} from '../../src/engine/tasks/task.store.js';

/** What is on disk. */
interface Stored {
  record: TaskRecord;
  readonly input: TaskInput;
  readonly events: TaskEvent[];
  readonly submission: NewTaskRecord['submission'];
}

interface Write {
  /** Throws CONFLICT when it cannot be done. */
  readonly apply: () => void;
  readonly refusable: boolean;
  readonly done: PromiseWithResolvers<void>;
}

export interface MemoryStoreOptions {
  /** Writes are committed, and reads answered, by themselves (true); otherwise by {@link MemoryTaskStore.commit} and {@link MemoryTaskStore.answer}. */
  readonly automatic?: boolean;
}

/**
 * A task store in memory whose disk the test plays: it decides when writes are committed (in order, as the port promises), when
 * reads are answered, when the disk is full, and what a crash loses.
 */
export class MemoryTaskStore extends TaskStore {
  private readonly automatic: boolean;
  private readonly writes: Write[] = [];
  private readonly reads: ((stale: boolean) => void)[] = [];
  private readonly listeners: CommitListener[] = [];
  private up = true;
  private dead = false;

  constructor(
    { automatic = true }: MemoryStoreOptions = {},
    private readonly tasks = new Map<TaskId, Stored>(),
    private readonly submissions = new Map<string, FoundSubmission>(),
  ) {
    super();
    this.automatic = automatic;
  }

  /** Takes the followers that are stored with a task; the store of followers is another fake. */
  onFollower: (follower: Follower) => void = () => undefined;

  override onCommit(listener: CommitListener): void {
    this.listeners.push(listener);
  }

  override get available(): boolean {
    return this.up;
  }

  /** Writes that are in line. */
  get pendingWrites(): number {
    return this.writes.length;
  }

  /** Reads that wait for an answer. */
  get pendingReads(): number {
    return this.reads.length;
  }

  /** Puts the first `count` writes in line on disk and tells who waits for them; while the storage is down: none. */
  commit(count = Infinity): void {
    for (let i = 0; i < count && this.up && this.writes.length > 0; i++) {
      const { apply, done } = this.writes.shift()!;
      try {
        apply();
        done.resolve();
        for (const listener of this.listeners) listener(1, 0);
      } catch (error) {
        done.reject(error);
      }
    }
  }

  /** Answers the read at a position of the line (reads may overtake each other) with what is on disk, or (stale) was when it was asked. */
  answer(position = 0, stale = false): void {
    const [read] = this.reads.splice(position, 1);
    read?.(stale);
  }

  /** From now on writes are refused (`submit`) or kept (the others). */
  fail(): void {
    this.up = false;
    for (const write of this.writes.filter(({ refusable }) => refusable)) {
      this.writes.splice(this.writes.indexOf(write), 1);
      write.done.reject(unavailable());
    }
  }

  recover(): void {
    this.up = true;
    if (this.automatic) this.commitSoon();
  }

  /**
   * The process dies: of the writes in line the first `reached` get to the disk, and nobody hears of it any more.
   * @returns the store of the next process
   */
  crash(reached = 0): MemoryTaskStore {
    for (const { apply } of this.writes.splice(0, reached)) {
      try {
        apply();
      } catch {
        // Whom this would have been told is gone.
      }
    }
    this.dead = true;
    this.writes.length = 0;
    this.reads.length = 0;
    return new MemoryTaskStore({ automatic: this.automatic }, this.tasks, this.submissions);
  }

  /** What is on disk, for checks: read at once. */
  stored(id: TaskId): Readonly<Stored> | undefined {
    return this.tasks.get(id);
  }

  /** Every task on disk. */
  storedTasks(): Iterable<Readonly<Stored>> {
    return this.tasks.values();
  }

  override submit({ record, input, event, submission, followers }: NewTaskRecord): Promise<void> {
    const key = submission && keyOf(record.namespace, submission.key);
    return this.write(true, () => {
      if (this.tasks.has(record.id) || (key !== undefined && this.submissions.has(key))) throw conflict();
      this.tasks.set(record.id, copy({ record, input, events: [event], submission }));
      if (submission && key !== undefined)
        this.submissions.set(key, { taskId: record.id, fingerprint: submission.fingerprint });
      for (const follower of followers ?? []) this.onFollower(follower);
    });
  }

  override assign(id: TaskId, change: AssignmentChange): Promise<void> {
    return this.write(false, () => this.change(id, change));
  }

  override append(id: TaskId, { event, ...step }: TaskStep): Promise<void> {
    return this.write(false, () => {
      const task = this.tasks.get(id);
      if (!task || isTerminal(task.record.state) || event.seq !== task.record.seq + 1) throw conflict();
      task.events.push(copy(event));
      this.change(id, { ...step, seq: event.seq, updatedAt: event.at });
    });
  }

  override postpone(id: TaskId, deadlineAt: number): Promise<void> {
    return this.write(false, () => this.change(id, { deadlineAt }));
  }

  override keepLate(id: TaskId, lateResult: LateResult): Promise<void> {
    return this.write(false, () => {
      const task = this.tasks.get(id);
      if (task && !task.record.lateResult) task.record = copy({ ...task.record, lateResult });
    });
  }

  override async purge(endedBefore: number, limit: number): Promise<number> {
    const ended = [...this.tasks.values()].filter(
      ({ record }) => record.endedAt !== null && record.endedAt < endedBefore,
    );
    const oldest = ended.sort((a, b) => order(a.record, b.record)).slice(0, limit);
    if (oldest.length === 0) return 0;
    await this.write(true, () => {
      for (const { record, submission } of oldest) {
        this.tasks.delete(record.id);
        if (submission) this.submissions.delete(keyOf(record.namespace, submission.key));
      }
    });
    return oldest.length;
  }

  override get(id: TaskId): Promise<TaskRecord | undefined> {
    return this.read(() => this.tasks.get(id)?.record);
  }

  override input(id: TaskId): Promise<TaskInput | undefined> {
    return this.read(() => this.tasks.get(id)?.input);
  }

  override eventsSince(id: TaskId, seq: number, limit: number): Promise<readonly TaskEvent[]> {
    return this.read(() =>
      (this.tasks.get(id)?.events ?? []).filter((event) => event.seq > seq).slice(0, limit),
    );
  }

  override lastEvent(id: TaskId): Promise<TaskEvent | undefined> {
    return this.read(() => this.tasks.get(id)?.events.at(-1));
  }

  override conversation(id: TaskId): Promise<readonly TaskEvent[]> {
    return this.read(() =>
      (this.tasks.get(id)?.events ?? []).filter(
        ({ body }) => body.event !== 'progress' && body.event !== 'artifact',
      ),
    );
  }

  override findSubmission(namespace: Namespace, key: string): Promise<FoundSubmission | undefined> {
    return this.read(() => this.submissions.get(keyOf(namespace, key)));
  }

  override list(namespace: Namespace | null, filter: TaskFilter): Promise<TaskPage> {
    return this.read(() => {
      const place = filter.order === 'updated' ? placeByUpdate : placeByCreation;
      const found = [...this.tasks.values()]
        .map(({ record }) => record)
        .filter((record) => (namespace === null || record.namespace === namespace) && fits(record, filter))
        .sort((a, b) => (place(a) < place(b) ? 1 : -1));
      const rest = found.filter((record) => filter.cursor === undefined || place(record) < filter.cursor);
      const tasks = rest.slice(0, filter.limit);
      return {
        tasks,
        nextCursor: rest.length > filter.limit ? place(tasks.at(-1)!) : null,
        ...(filter.counted && { total: found.length }),
      };
    });
  }

  override open(): Promise<readonly TaskRecord[]> {
    const open = [...this.tasks.values()]
      .map(({ record }) => record)
      .filter(({ state }) => !isTerminal(state));
    return Promise.resolve(copy(open.sort(order)));
  }

  private change(id: TaskId, change: Partial<TaskRecord>): void {
    const task = this.tasks.get(id);
    if (task && !isTerminal(task.record.state)) task.record = copy({ ...task.record, ...change });
  }

  private write(refusable: boolean, apply: () => void): Promise<void> {
    if (this.dead) return new Promise(() => undefined);
    if (refusable && !this.up) return Promise.reject(unavailable());
    const done = Promise.withResolvers<void>();
    this.writes.push({ apply, refusable, done });
    if (this.automatic) this.commitSoon();
    return done.promise;
  }

  /** After everything that is going on now, as a group commit does. */
  private commitSoon(): void {
    setImmediate(() => this.commit());
  }

  private read<T>(look: () => T): Promise<T> {
    if (this.dead) return new Promise(() => undefined);
    const early = copy(look());
    if (this.automatic) return Promise.resolve(early);
    return new Promise((resolve) => this.reads.push((stale) => resolve(stale ? early : copy(look()))));
  }
}

/** Nobody shares an object with the disk. */
const copy = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

const keyOf = (namespace: Namespace, key: string): string => `${namespace}\n${key}`;
const placeByCreation = ({ id }: TaskRecord): string => id;
/** Sorts as text as the time does as a number. */
const placeByUpdate = ({ id, updatedAt }: TaskRecord): string =>
  `${String(updatedAt).padStart(15, '0')}.${id}`;
const order = (a: TaskRecord, b: TaskRecord): number => (a.id < b.id ? -1 : 1);

function fits(record: TaskRecord, { status, skill, agent, contextId, updatedAfter }: TaskFilter): boolean {
  return (
    (status === undefined || record.state === status) &&
    (skill === undefined || record.skill === skill) &&
    (agent === undefined || record.agent?.name === agent) &&
    (contextId === undefined || record.contextId === contextId) &&
    (updatedAfter === undefined || record.updatedAt >= updatedAfter)
  );
}

const conflict = (): GatewayError => new GatewayError('CONFLICT', 'another write came first');
const unavailable = (): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage takes no writes now', { retryAfterS: 5 });
