import { parentPort, workerData } from 'node:worker_threads';
import { assertDurable, openForWriting } from './open.js';
import type { PackedOps, WriteFailure, WriterData, WriterReply, WriterRequest } from './protocol.js';

/**
 * The thread that writes: one batch, one transaction, one flush. The event loop never waits for the disk.
 *
 * After a failure the same connection goes on. What a failed write or flush left in the log is not in SQLite's index of
 * the log, so the next commit begins at the same place: those pages are written anew and flushed again, never taken for
 * clean. A checkpoint whose flush failed is likewise done again from the log. Opening the file anew would be worse: it
 * reads the log to its end, up to and including a commit that nobody has been promised.
 */
const SQLITE_CONSTRAINT = 19;
/** TOOBIG, MISMATCH, RANGE; 0: not an error of SQLite, so the values cannot be bound. Trying again would not help. */
const WRONG_VALUES = new Set([18, 20, 25, 0]);
const { file, durable, statements } = workerData as WriterData;
const port = parentPort!;

const db = openForWriting(file, durable);
const prepared = statements.map((sql) => db.prepare(sql));
const begin = db.prepare('begin immediate');
const commit = db.prepare('commit');
/** Whether this connection has been seen to commit durably. */
let proven = !durable;

class NoRowChanged extends Error {}

/** @throws Error when a commit turns out not to be durable: the thread ends, and nothing is acknowledged */
function run(ops: PackedOps): WriteFailure | undefined {
  const failed = commitAll(ops);
  if (!failed && !proven) assertDurable(db);
  proven ||= !failed;
  return failed;
}

function commitAll(ops: PackedOps): WriteFailure | undefined {
  let index = -1;
  try {
    begin.run();
    for (let at = 0; at < ops.length;) {
      index++;
      const [statement, mustChange, count] = ops.slice(at, (at += 3)) as [number, number, number];
      const { changes } = prepared[statement]!.run(...ops.slice(at, (at += count)));
      if (mustChange === 1 && changes !== 1) throw new NoRowChanged('no row changed');
    }
    index = -1;
    commit.run();
    return undefined;
  } catch (error) {
    rollback();
    return failure(error, index);
  }
}

function rollback(): void {
  try {
    if (db.isTransaction) db.exec('rollback');
  } catch {
    // The next batch cannot begin then, and tries this again.
  }
}

function failure(error: unknown, index: number): WriteFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { errcode?: number }).errcode ?? 0;
  return { kind: index < 0 ? 'storage' : blame(error, code & 0xff), index, code, message };
}

function blame(error: unknown, code: number): WriteFailure['kind'] {
  if (error instanceof NoRowChanged || code === SQLITE_CONSTRAINT) return 'conflict';
  return WRONG_VALUES.has(code) ? 'wrong' : 'storage';
}

function answer(ops: PackedOps): WriterReply {
  const start = performance.now();
  const failed = run(ops);
  return failed ? { kind: 'failed', failure: failed } : { kind: 'committed', ms: performance.now() - start };
}

port.on('message', (request: WriterRequest) => {
  if (request.kind === 'commit') return port.postMessage(answer(request.ops));
  db.close();
  port.close(); // nothing is left to wait for: the thread ends
});
port.postMessage({ kind: 'ready' } satisfies WriterReply);
