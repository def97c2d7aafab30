import { DatabaseSync } from 'node:sqlite';

/** Milliseconds that a connection waits for another one's lock. */
const BUSY_MS = 5000;
/** Bytes that the log keeps on disk after it had to grow, because somebody read an old state for long (a backup). */
const LOG_BYTES = 64 * 1024 * 1024;
const SYNCHRONOUS_FULL = 2;

/**
 * Opens a connection that writes. `durable`: every commit is flushed to the disk (synchronous=FULL). Whoever acknowledges
 * commits checks that after the first one ({@link assertDurable}): SQLite can be built so that a WAL database comes up at
 * a weaker level once it is in use.
 * @throws Error when the file cannot be opened
 */
export function openForWriting(file: string, durable: boolean): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    db.exec('pragma journal_mode = wal');
    db.exec(`pragma synchronous = ${durable ? 'full' : 'off'}`);
    db.exec('pragma wal_autocheckpoint = 0'); // see checkpoint.ts
    db.exec(`pragma journal_size_limit = ${LOG_BYTES}`);
    db.exec('pragma temp_store = memory');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** @throws Error when a commit would not reach the disk */
export function assertDurable(db: DatabaseSync): void {
  const mode = db.prepare('pragma journal_mode').get()?.['journal_mode'];
  const level = db.prepare('pragma synchronous').get()?.['synchronous'];
  if (mode !== 'wal' || level !== SYNCHRONOUS_FULL)
    throw new Error(
      `SQLite would not keep what it acknowledges: journal_mode=${String(mode)}, synchronous=${String(level)}`,
    );
}

/** Opens a connection that reads, and lets it take part at once: while it is open, no other is the last and clears up the log. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  try {
    db.prepare('select count(*) from sqlite_schema').get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
