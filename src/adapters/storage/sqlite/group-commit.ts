import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../../../core/errors.js';
import {
  FLUSH_FAILED,
  type Op,
  type PackedOps,
  type WriteFailure,
  type WriterData,
  type WriterReply,
  type WriterRequest,
} from './protocol.js';

/** Most writes of one transaction. */
const MAX_BATCH = 500;
/** Between two flushes at least, in milliseconds: under load more writes share one, an idle gateway flushes at once. */
const PACE_MS = 1;
/** Between two tries of a storage that refuses writes, in milliseconds. */
const RETRY_MS = 500;
/** The same after a copy that failed: it may be of many gigabytes. */
const COPY_RETRY_MS = 2000;

/** What a write does; or who tells when its batch goes to the disk, so that it takes in what has come until then. */
export type Ops = readonly Op[] | (() => readonly Op[]);

/** One atomic write and who waits for it. */
interface Write {
  ops: Ops;
  /** Nobody has been promised anything yet: it is refused, not kept, while the storage is down. */
  readonly refusable: boolean;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Many writes, one flush. Writes that come while a batch is on its way to the disk form the next one, so the rate of
 * flushes follows the disk and a commit costs each write its share. Order is kept.
 *
 * When the storage refuses, refusable writes are rejected, the others stay in line and are tried again until they are
 * on disk. After a failed flush the files are not written any more (see write-worker.ts): before the next try whoever
 * has them moves to a copy (`renew`). A submission that is refused at a failed flush leaves nothing, unless the process
 * dies before that: then it may be on disk all the same, as with any answer that gets lost on its way.
 */
export class GroupCommit {
  private readonly logger = new Logger('Storage');
  private worker: Worker | undefined;
  private queue: Write[] = [];
  private underWay: Write[] | undefined;
  private scheduled = false;
  private lastFlush = 0;
  private ending: PromiseWithResolvers<void> | undefined;
  private down = false;
  private flushFailed = false;
  private renewing = false;
  private retry: NodeJS.Timeout | undefined;

  /** Called after each commit: how many writes, how long it took. */
  readonly onCommit: ((writes: number, ms: number) => void)[] = [];

  /** Moves to a copy of the files; calls `endThread` when nothing may write to the old ones any more. */
  renew: (endThread: () => Promise<void>) => Promise<void> = () => Promise.resolve();

  private constructor(
    private readonly data: WriterData,
    private readonly probe: Op,
  ) {}

  /** Starts the thread that writes. `probe`: a write that shows whether the storage is back. */
  static async start(data: WriterData, probe: Op): Promise<GroupCommit> {
    const commits = new GroupCommit(data, probe);
    await commits.startThread();
    return commits;
  }

  private async startThread(): Promise<void> {
    const worker = new Worker(join(__dirname, 'write-worker.js'), { workerData: this.data });
    // Rejects when the thread cannot start. Later an error of it is not survivable: whether its batch is on disk is unknown.
    await once(worker, 'message');
    worker.on('message', (reply: WriterReply) => this.take(reply));
    this.worker = worker;
  }

  private async endThread(): Promise<void> {
    const { worker } = this;
    if (!worker) return;
    this.worker = undefined;
    const ended = once(worker, 'exit');
    worker.postMessage({ kind: 'close' } satisfies WriterRequest);
    await ended;
  }

  get available(): boolean {
    return !this.down;
  }

  /** Whether everything that was flushed is where it should be; false between a failed flush and the copy. */
  get isSound(): boolean {
    return !this.flushFailed;
  }

  /**
   * Resolves when the write is on disk.
   * @throws GatewayError CONFLICT; STORAGE_UNAVAILABLE (refusable only, or closed); INTERNAL when it can never be stored
   */
  write(ops: Ops, refusable: boolean): Promise<void> {
    if (this.ending || (refusable && this.down)) return Promise.reject(unavailable());
    return new Promise<void>((resolve, reject) => {
      this.queue.push({ ops, refusable, resolve, reject });
      this.schedule();
    });
  }

  /** Takes no more and writes what is in line; what cannot be written now is rejected, for there is no later. */
  drain(): Promise<void> {
    this.ending = Promise.withResolvers<void>();
    clearTimeout(this.retry);
    if (this.flushFailed && !this.renewing) this.giveUp();
    else if (!this.underWay && !this.renewing) this.flush();
    return this.ending.promise;
  }

  /** Ends the thread, once drained. */
  close(): Promise<void> {
    return this.endThread();
  }

  private schedule(): void {
    if (this.scheduled || this.underWay || this.down) return;
    this.scheduled = true;
    const go = () => {
      this.scheduled = false;
      if (!this.underWay && !this.down) this.flush();
    };
    // At the earliest after this turn of the event loop: everything that it brings shares the batch.
    if (performance.now() - this.lastFlush >= PACE_MS) setImmediate(go);
    else setTimeout(go, PACE_MS);
  }

  private flush(): void {
    const batch = this.queue.splice(0, MAX_BATCH);
    const ops = packed(batch);
    if (batch.length === 0 && this.ending) return this.ending.resolve();
    if (batch.length === 0 && this.down) pack(this.probe, ops);
    if (ops.length === 0) return;
    this.underWay = batch;
    this.lastFlush = performance.now();
    this.worker?.postMessage({ kind: 'commit', ops } satisfies WriterRequest);
  }

  private take(reply: WriterReply): void {
    const batch = this.underWay ?? [];
    this.underWay = undefined;
    if (reply.kind === 'failed') this.failed(batch, reply.failure);
    else if (reply.kind === 'committed') this.committed(batch, reply.ms);
  }

  private committed(batch: readonly Write[], ms: number): void {
    if (this.down) this.logger.log('storage takes writes again');
    this.down = false;
    for (const write of batch) write.resolve();
    for (const listener of this.onCommit) listener(batch.length, ms);
    if (this.ending) this.flush();
    else if (this.queue.length > 0) this.schedule();
  }

  private failed(batch: readonly Write[], failure: WriteFailure): void {
    if (failure.kind === 'storage') this.refuse(batch, failure);
    else this.dropOne(batch, failure);
  }

  /** One write of the batch cannot be done; the others are. */
  private dropOne(batch: readonly Write[], { kind, index, message }: WriteFailure): void {
    let first = 0;
    const guilty = batch.findIndex((write) => index < (first += settled(write).length));
    this.queue = [...batch.filter((_, i) => i !== guilty), ...this.queue];
    batch[guilty]?.reject(
      kind === 'conflict'
        ? new GatewayError('CONFLICT', 'another write came first', { cause: message })
        : new GatewayError('INTERNAL', 'the storage cannot hold this', { cause: message }),
    );
    this.flush();
  }

  private refuse(batch: readonly Write[], { code, message }: WriteFailure): void {
    if (!this.down)
      this.logger.error(`storage refuses writes: ${message} (SQLite code ${code}); trying again`);
    this.down = true;
    if (FLUSH_FAILED.has(code)) this.flushFailed = true;
    const all = [...batch, ...this.queue];
    this.queue = all.filter((write) => !write.refusable);
    for (const write of all) if (write.refusable) write.reject(unavailable(message));
    if (this.ending) return this.giveUp();
    this.tryLater();
  }

  private tryLater(ms = RETRY_MS): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => (this.flushFailed ? void this.moveToCopy() : this.flush()), ms);
  }

  private async moveToCopy(): Promise<void> {
    this.renewing = true;
    try {
      await this.renew(() => this.endThread());
      await this.startThread();
      this.flushFailed = false;
    } catch (error) {
      this.logger.error(`a flush had failed, and the database cannot be copied yet: ${String(error)}`);
    }
    this.renewing = false;
    if (!this.flushFailed) this.flush();
    else if (this.ending) this.giveUp();
    else this.tryLater(COPY_RETRY_MS);
  }

  private giveUp(): void {
    for (const write of this.queue) write.reject(unavailable());
    this.queue = [];
    this.flush();
  }
}

/** Batches cross to the other thread as one flat list: a nested one costs twice the CPU time to copy. */
function packed(batch: readonly Write[]): PackedOps {
  const ops: PackedOps = [];
  for (const write of batch) for (const op of settled(write)) pack(op, ops);
  return ops;
}

/** Asked once, however often its batch is tried. */
function settled(write: Write): readonly Op[] {
  const { ops } = write;
  return typeof ops === 'function' ? (write.ops = ops()) : ops;
}

function pack([statement, mustChange, values]: Op, into: PackedOps): void {
  into.push(statement, mustChange ? 1 : 0, values.length);
  for (const value of values) into.push(value);
}

const unavailable = (cause?: string): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage takes no writes now; nothing was accepted', {
    retryAfterS: 5,
    ...(cause === undefined ? {} : { cause }),
  });
