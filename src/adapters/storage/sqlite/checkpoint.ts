import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PackedOps } from './protocol.js';

/** Pages (4 KiB) in the log that make a checkpoint due: fewer, larger ones cost less than SQLite's default of 1,000. */
const DUE_PAGES = 4000;
/** Pages after which a checkpoint that could not take over everything is tried again. */
const AGAIN_PAGES = 500;
/** What a commit writes besides its rows: inner pages, indexes. */
const COMMIT_PAGES = 4;
/** Bytes of values for each page that they change. */
const PAGE_BYTES = 1500;

/**
 * Takes the log over into the file from time to time, between commits. SQLite could do that by itself, but would tell
 * nobody of a failed flush.
 */
export class Checkpoint {
  private readonly statement: StatementSync;
  /** About the pages in the log. */
  private pages = 0;

  constructor(db: DatabaseSync) {
    this.statement = db.prepare('pragma wal_checkpoint(passive)');
  }

  count(ops: PackedOps): void {
    let bytes = 0;
    for (const value of ops) if (typeof value === 'string') bytes += value.length;
    this.pages += COMMIT_PAGES + bytes / PAGE_BYTES;
  }

  /** @throws Error of SQLite; what is committed stays in the log */
  runIfDue(): void {
    if (this.pages < DUE_PAGES) return;
    this.pages = DUE_PAGES - AGAIN_PAGES;
    const { log, checkpointed } = this.statement.get() as { log: number; checkpointed: number };
    if (checkpointed === log) this.pages = 0;
  }
}
