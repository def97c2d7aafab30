import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { assertDurable, openForWriting } from './open.js';
import type { Op, WriteFailure, WriterData, WriterReply, WriterRequest } from './protocol.js';

/**
 * The thread that writes: one batch, one transaction, one flush. The event loop never waits for the disk.
 */
const SQLITE_CONSTRAINT = 19;
const { file, durable, statements } = workerData as WriterData;
const port = parentPort!;

let db: DatabaseSync;
let begin: StatementSync, commit: StatementSync;
let prepared: StatementSync[];

class NoRowChanged extends Error {}

function open(): void {
  db = openForWriting(file, durable);
  prepared = statements.map((sql) => db.prepare(sql));
  begin = db.prepare('begin immediate');
  commit = db.prepare('commit');
}

/** After a failed flush the old connection is not trusted: a new one reads the log from the disk again. */
function reopen(): void {
  try {
    db.close();
  } catch {
    // It is gone either way.
  }
  open();
}

function run(ops: readonly Op[]): WriteFailure | undefined {
  let index = -1;
  try {
    begin.run();
    for (const [statement, mustChange, values] of ops) {
      index++;
      const { changes } = prepared[statement]!.run(...values);
      if (mustChange && changes !== 1) throw new NoRowChanged('no row changed');
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
    // A broken transaction ends with its connection.
  }
}

function failure(error: unknown, index: number): WriteFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { errcode?: number }).errcode ?? 0;
  const conflict = error instanceof NoRowChanged || (code & 0xff) === SQLITE_CONSTRAINT;
  return { kind: conflict && index >= 0 ? 'conflict' : 'storage', index, code, message };
}

function answer(request: WriterRequest): WriterReply {
  if (request.kind === 'close') {
    db.close();
    return { kind: 'closed' };
  }
  const start = performance.now();
  try {
    if (request.reopen) reopen();
  } catch (error) {
    return { kind: 'failed', failure: failure(error, -1) };
  }
  const failed = run(request.ops);
  return failed ? { kind: 'failed', failure: failed } : { kind: 'committed', ms: performance.now() - start };
}

open();
if (durable) assertDurable(db!);
port.on('message', (request: WriterRequest) => {
  port.postMessage(answer(request));
  if (request.kind === 'close') port.close();
});
port.postMessage({ kind: 'ready' } satisfies WriterReply);
