import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CompiledQuery } from 'kysely';
import type { SqlValue } from '../prepared.js';
import type { ScanReply, ScanRequest } from './protocol.js';

type Rows = Record<string, SqlValue>[];

/** Runs queries that may look at many rows on a thread of their own: the event loop and the commits go on. */
export class Scanner {
  private worker: Worker | undefined;
  private closed = false;
  private readonly waiting = new Map<number, PromiseWithResolvers<Rows>>();
  private lastId = 0;

  constructor(private readonly file: string) {}

  async rows<Row>({ sql, parameters }: CompiledQuery<Row>): Promise<Row[]> {
    if (this.closed) throw new Error('the storage is closed');
    const worker = (this.worker ??= this.start());
    const answer = Promise.withResolvers<Rows>();
    this.waiting.set(++this.lastId, answer);
    worker.postMessage({ id: this.lastId, sql, values: parameters as SqlValue[] } satisfies ScanRequest);
    return (await answer.promise) as Row[];
  }

  /** Answers what it has been asked, then ends the thread. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled([...this.waiting.values()].map(({ promise }) => promise));
    await this.worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(join(__dirname, 'scan-worker.js'), { workerData: { file: this.file } });
    worker.on('message', (reply: ScanReply) => this.settle(reply));
    worker.on('error', (error) => this.fail(error instanceof Error ? error : new Error(String(error))));
    worker.unref();
    return worker;
  }

  private settle({ id, rows, error }: ScanReply): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (rows) waiting?.resolve(rows);
    else waiting?.reject(new Error(error));
  }

  private fail(error: Error): void {
    for (const waiting of this.waiting.values()) waiting.reject(error);
    this.waiting.clear();
    this.worker = undefined;
  }
}
