import type { StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { Checkpoint } from './checkpoint.js';
import { assertDurable, openForWriting } from './open.js';
import {
  FLUSH_FAILED,
  type PackedOps,
  type WriteFailure,
  type WriterData,
  type WriterReply,
  type WriterRequest,
} from './protocol.js';

/**
 * The thread that writes: one batch, one transaction, one flush. The event loop never waits for the disk.
 *
 * After a write that failed (disk full, read-only) the same connection goes on: the next commit begins at the same place
 * of the log. After a flush that failed nothing is written any more. The kernel takes pages that it could not write for
 * clean, and a file system may have given them no place (ext4 leaves such blocks unwritten, also when they are written
 * and flushed again): they are gone as soon as they are no longer cached. What was flushed before is safe, in the log or
 * in the file, and is copied to a new file (see GroupCommit).
 */
const SQLITE_CONSTRAINT = 19;
/** TOOBIG, MISMATCH, RANGE; 0: not an error of SQLite, so the values cannot be bound. Trying again would not help. */
const WRONG_VALUES = new Set([18, 20, 25, 0]);
const { file, durable, statements } = workerData as WriterData;
const port = parentPort!;

const db = openForWriting(file, durable);
/** Each by its number, from its first use on. */
const prepared: StatementSync[] = [];
const statement = (number: number): StatementSync => (prepared[number] ??= db.prepare(statements[number]!));
const begin = db.prepare('begin immediate');
const commit = db.prepare('commit');
const checkpoint = new Checkpoint(db);
/** Whether this connection has been seen to commit durably. */
let proven = !durable;
/** The flush that failed. */
let broken: WriteFailure | undefined;

class NoRowChanged extends Error {}

/** @throws Error when a commit turns out not to be durable: the thread ends, and nothing is acknowledged */
function run(ops: PackedOps): WriteFailure | undefined {
  const failed = broken ?? commitAll(ops);
  if (failed && FLUSH_FAILED.has(failed.code)) broken = failed;
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
      const [number, mustChange, count] = ops.slice(at, (at += 3)) as [number, number, number];
      const { changes } = statement(number).run(...ops.slice(at, (at += count)));
      if (mustChange === 1 && changes !== 1) throw new NoRowChanged('no row changed');
    }
    index = -1;
    commit.run();
    checkpoint.count(ops);
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

/** After the answer: nobody waits for it. What fails for want of space is tried again later; the log grows meanwhile. */
function tidy(): void {
  try {
    if (!broken) checkpoint.runIfDue();
  } catch (error) {
    const failed = failure(error, -1);
    if (!FLUSH_FAILED.has(failed.code)) return;
    broken = failed;
    port.postMessage({ kind: 'failed', failure: failed } satisfies WriterReply);
  }
}

port.on('message', (request: WriterRequest) => {
  if (request.kind === 'commit') {
    port.postMessage(answer(request.ops));
    tidy();
  } else {
    db.close();
    port.close(); // nothing is left to wait for: the thread ends
  }
});
port.postMessage({ kind: 'ready' } satisfies WriterReply);
