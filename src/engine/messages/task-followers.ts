import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import type { NewDelivery } from '../../core/delivery.js';
import { GatewayError } from '../../core/errors.js';
import type { Follower, NewFollower } from '../../core/follower.js';
import { IdSource, type TaskId } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import { endsTask, type NewTask, type TaskRecord } from '../../core/task.js';
import { isTerminal } from '../../core/task-states.js';
import { storageUnavailable } from '../tasks/submissions.js';
import { TaskLog } from '../tasks/task-log.js';
import { TasksService } from '../tasks/tasks.service.js';
import { FollowerKinds, orderOf, type FollowerKind, type Tale } from './follower-kinds.js';
import { FollowerStore } from './follower.store.js';
import { Outbox } from './outbox.service.js';

/** How soon it goes on after a failure, milliseconds. */
const PAUSE_MS = 1_000;

/** Somebody who reads a log for a follower. */
interface Reader {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Tells those who follow a task what happens to it: reads the stored log, and puts what there is to tell into the
 * outbox. Where a follower stands is moved in the same write, so nothing is told twice and nothing is left out, whenever
 * the process ends.
 */
@Injectable()
export class TaskFollowers {
  private readonly logger = new Logger('Followers');
  private readonly readers = new Map<string, Reader>();
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly tasks: TasksService,
    private readonly log: TaskLog,
    private readonly store: FollowerStore,
    private readonly kinds: FollowerKinds,
    private readonly outbox: Outbox,
  ) {}

  /** Takes up everybody who had not been told the end when the last process ended. */
  async start(): Promise<void> {
    for (const follower of await this.store.open()) this.begin(follower);
  }

  /** Resolves when nobody reads any more; who stands where is on disk. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.readers.values()].map(stopReader));
  }

  /** As `TasksService.submit`; those who follow the task are stored with it, and told of everything that comes. */
  submit(caller: Principal, task: NewTask): Promise<TaskRecord> {
    const submitted = this.tasks.submit(caller, task);
    return task.followers ? this.followed(submitted) : submitted;
  }

  private async followed(submitted: Promise<TaskRecord>): Promise<TaskRecord> {
    const record = await submitted;
    for (const follower of await this.store.of(record.id)) if (!follower.done) this.begin(follower);
    return record;
  }

  /**
   * Adds a follower to a task, or gives one a new config: then it goes on where it stood. It is told what happens from now
   * on; of a task that has ended already, its end, each time it is asked for: whoever asks while the task ends misses nothing.
   * @throws GatewayError STORAGE_UNAVAILABLE
   */
  async add({ id: taskId, namespace, seq, state }: TaskRecord, given: NewFollower): Promise<Follower> {
    await this.pause(taskId, given.id);
    const nextSeq = isTerminal(state) ? seq : seq + 1;
    const createdAt = this.clock.now();
    const follower: Follower = { ...given, taskId, namespace, nextSeq, done: false, createdAt };
    try {
      await this.store.put(follower);
    } finally {
      await this.resume(taskId, given.id);
    }
    return follower;
  }

  /** What has not been delivered yet is dropped. Harmless when there is none. @throws GatewayError STORAGE_UNAVAILABLE */
  async remove(taskId: TaskId, id: string): Promise<void> {
    await this.pause(taskId, id);
    await this.store.remove(taskId, id);
    await this.outbox.discard(orderOf({ taskId, id }));
  }

  get(taskId: TaskId, id: string): Promise<Follower | undefined> {
    return this.store.get(taskId, id);
  }

  /** By id. */
  of(taskId: TaskId): Promise<readonly Follower[]> {
    return this.store.of(taskId);
  }

  /** A reader whose write is kept for later would hold the caller up. */
  private async pause(taskId: TaskId, id: string): Promise<void> {
    if (!this.outbox.available) throw storageUnavailable();
    const reader = this.readers.get(orderOf({ taskId, id }));
    if (reader) await stopReader(reader);
  }

  private async resume(taskId: TaskId, id: string): Promise<void> {
    const follower = await this.store.get(taskId, id);
    if (follower && !follower.done) this.begin(follower);
  }

  /** One reader per follower. */
  private begin(follower: Follower): void {
    const key = orderOf(follower);
    if (this.stopped || this.readers.has(key)) return;
    const stop = new AbortController();
    const ended = this.read(follower, stop.signal)
      .catch((error: unknown) => this.failed(follower, stop.signal, error))
      .finally(() => this.readers.delete(key));
    this.readers.set(key, { stop, ended });
  }

  private async read(follower: Follower, signal: AbortSignal): Promise<void> {
    const kind = this.kinds.get(follower.kind);
    if (!kind) throw new Error(`nobody here has words for the kind ${follower.kind}`);
    const tell = await kind.teller(follower);
    for await (const event of this.log.watch(follower.taskId, 0, signal)) {
      const tale = await tell(event);
      const done = endsTask(event.body);
      if (event.seq < follower.nextSeq || (tale.length === 0 && !done)) continue;
      await this.put(follower, kind, { nextSeq: event.seq + 1, done }, tale);
    }
  }

  private async put(
    follower: Follower,
    kind: FollowerKind,
    step: { readonly nextSeq: number; readonly done: boolean },
    tale: Tale,
  ): Promise<void> {
    const { taskId, id } = follower;
    const deliveries = this.outbox.dated(this.deliveriesOf(follower, kind.url(follower), tale));
    await this.store.advance({ taskId, id, ...step }, deliveries);
    this.outbox.sent(deliveries);
  }

  private deliveriesOf(follower: Follower, url: string, tale: Tale): NewDelivery[] {
    const { taskId, id, kind, namespace } = follower;
    return tale.map((told) => ({
      id: this.ids.deliveryId(),
      kind,
      namespace,
      endpoint: `${namespace} ${new URL(url).origin}`,
      subject: { taskId },
      order: orderOf(follower),
      request: { ...told, url },
      extra: { follower: id },
    }));
  }

  /** A conflict: it has been removed meanwhile, or wants to hear no more. */
  private failed(follower: Follower, signal: AbortSignal, error: unknown): void {
    const { taskId, id } = follower;
    if (signal.aborted) return;
    if (!(error instanceof GatewayError && error.code === 'CONFLICT'))
      this.logger.error(`follower ${id} of task ${taskId}: ${String(error)}`);
    this.clock.after(PAUSE_MS, () => {
      this.resume(taskId, id).catch((again: unknown) => this.failed(follower, signal, again));
    });
  }
}

function stopReader({ stop, ended }: Reader): Promise<void> {
  stop.abort();
  return ended;
}
