import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CompiledQuery } from 'kysely';
import type { SqlValue } from '../prepared.js';
import type { ScanReply, ScanRequest } from './protocol.js';

interface Waiting {
  resolve(rows: Record<string, SqlValue>[]): void;
  reject(error: Error): void;
}

const CLOSED = 'the storage is closed';

/** Runs queries that may look at many rows on a thread of their own: the event loop and the commits go on. */
export class Scanner {
  private worker: Worker | undefined;
  private closed = false;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  constructor(private readonly file: string) {}

  async rows<Row>({ sql, parameters }: CompiledQuery<Row>): Promise<Row[]> {
    if (this.closed) throw new Error(CLOSED);
    const worker = (this.worker ??= this.start());
    const id = ++this.lastId;
    const rows = new Promise<Record<string, SqlValue>[]>((resolve, reject) =>
      this.waiting.set(id, { resolve, reject }),
    );
    worker.postMessage({ id, sql, values: parameters as SqlValue[] } satisfies ScanRequest);
    return (await rows) as Row[];
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
    this.fail(new Error(CLOSED));
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
