import { Logger } from '@nestjs/common';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../../../core/errors.js';
import type { Op, WriteFailure, WriterData, WriterReply, WriterRequest } from './protocol.js';

/** Most writes of one transaction. */
const MAX_BATCH = 500;
/** Between two tries of a storage that refuses writes, in milliseconds. */
const RETRY_MS = 500;
/** Primary result code of SQLite for a failed read, write or flush. */
const SQLITE_IOERR = 10;

/** One atomic write and who waits for it. */
interface Write {
  readonly ops: readonly Op[];
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
 * on disk. After a failed flush the connection is opened anew first: the next write on the old one would seem to succeed.
 */
export class GroupCommit {
  private readonly logger = new Logger('Storage');
  private queue: Write[] = [];
  private underWay: Write[] | undefined;
  private scheduled = false;
  private reopen = false;
  private closing: (() => void) | undefined;
  private down = false;
  private retry: NodeJS.Timeout | undefined;

  private constructor(
    private readonly worker: Worker,
    private readonly probe: Op,
    private readonly onCommit: (writes: number, ms: number) => void,
  ) {
    worker.on('message', (reply: WriterReply) => this.take(reply));
  }

  /** Starts the thread that writes. `probe`: a write that shows whether the storage is back. */
  static async start(data: WriterData, probe: Op, onCommit: (writes: number, ms: number) => void): Promise<GroupCommit> {
    const worker = new Worker(join(__dirname, 'write-worker.js'), { workerData: data });
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', () => {
        worker.off('error', reject);
        resolve();
      });
    });
    // From here on an error of the thread is not survivable: whether its batch was committed is unknown.
    return new GroupCommit(worker, probe, onCommit);
  }

  get available(): boolean {
    return !this.down;
  }

  /**
   * Resolves when the write is on disk.
   * @throws GatewayError STORAGE_UNAVAILABLE (refusable only), CONFLICT
   */
  write(ops: readonly Op[], refusable: boolean): Promise<void> {
    if (refusable && this.down) return Promise.reject(unavailable());
    return new Promise<void>((resolve, reject) => {
      this.queue.push({ ops, refusable, resolve, reject });
      this.schedule();
    });
  }

  /** Writes what is in line and ends the thread. */
  async close(): Promise<void> {
    clearTimeout(this.retry);
    const closed = new Promise<void>((resolve) => (this.closing = resolve));
    if (!this.underWay) this.flush();
    await closed;
    await this.worker.terminate();
  }

  private schedule(): void {
    if (this.scheduled || this.underWay || this.down) return;
    this.scheduled = true;
    // Everything that this turn of the event loop brings shares the batch.
    setImmediate(() => {
      this.scheduled = false;
      if (!this.underWay && !this.down) this.flush();
    });
  }

  private flush(): void {
    const batch = this.queue.splice(0, MAX_BATCH);
    const ops = batch.flatMap((write) => write.ops);
    if (batch.length === 0 && this.closing) return this.send({ kind: 'close' });
    if (batch.length === 0 && this.down) ops.push(this.probe);
    if (ops.length === 0) return;
    this.underWay = batch;
    this.send({ kind: 'commit', ops, reopen: this.reopen });
  }

  private send(request: WriterRequest): void {
    this.worker.postMessage(request);
  }

  private take(reply: WriterReply): void {
    if (reply.kind === 'closed') return this.closing?.();
    const batch = this.underWay ?? [];
    this.underWay = undefined;
    if (reply.kind === 'failed') this.failed(batch, reply.failure);
    else if (reply.kind === 'committed') this.committed(batch, reply.ms);
  }

  private committed(batch: readonly Write[], ms: number): void {
    this.reopen = false;
    if (this.down) {
      this.down = false;
      this.logger.log('storage takes writes again');
    }
    for (const write of batch) write.resolve();
    this.onCommit(batch.length, ms);
    if (this.queue.length > 0 || this.closing) this.flush();
  }

  private failed(batch: readonly Write[], failure: WriteFailure): void {
    if (failure.kind === 'conflict') this.dropOne(batch, failure);
    else this.refuse(batch, failure);
  }

  /** One write of the batch cannot be done; the others are. */
  private dropOne(batch: readonly Write[], { index, message }: WriteFailure): void {
    let first = 0;
    const guilty = batch.findIndex((write) => index < (first += write.ops.length));
    this.queue = [...batch.filter((_, i) => i !== guilty), ...this.queue];
    batch[guilty]?.reject(new GatewayError('CONFLICT', 'another write came first', { cause: message }));
    this.flush();
  }

  private refuse(batch: readonly Write[], { code, message }: WriteFailure): void {
    if (!this.down) this.logger.error(`storage refuses writes: ${message} (SQLite code ${code}); trying again`);
    this.down = true;
    if ((code & 0xff) === SQLITE_IOERR) this.reopen = true;
    const all = [...batch, ...this.queue];
    this.queue = all.filter((write) => !write.refusable);
    for (const write of all) if (write.refusable) write.reject(unavailable(message));
    if (this.closing) return this.giveUp();
    this.retry = setTimeout(() => this.flush(), RETRY_MS);
  }

  /** At shutdown there is no later: what is in line stays unacknowledged. */
  private giveUp(): void {
    for (const write of this.queue) write.reject(unavailable());
    this.queue = [];
    this.flush();
  }
}

const unavailable = (cause?: string): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage takes no writes now; nothing was accepted', {
    retryAfterS: 5,
    ...(cause === undefined ? {} : { cause }),
  });
