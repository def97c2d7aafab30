import { parentPort, workerData } from 'node:worker_threads';
import type { SqlValue } from '../prepared.js';
import { openForReading } from './open.js';
import type { ScanReply, ScanRequest } from './protocol.js';

/** The thread for queries that may look at many rows; started by the first of them. */
const db = openForReading((workerData as { file: string }).file);
const port = parentPort!;

port.on('message', ({ id, sql, values }: ScanRequest) => {
  try {
    const rows = db.prepare(sql).all(...values) as Record<string, SqlValue>[];
    port.postMessage({ id, rows } satisfies ScanReply);
  } catch (error) {
    port.postMessage({
      id,
      error: error instanceof Error ? error.message : String(error),
    } satisfies ScanReply);
  }
});
