import { chmodSync, closeSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs';
import { backup } from 'node:sqlite';
import { openForReading } from './open.js';

/** All pages in one step: between two steps a gateway that writes would make the copy start over, again and again. */
const ONE_STEP = 2 ** 31 - 1;

/**
 * Copies one moment of a database, its log included, to a new file, page by page. The gateway that has it open goes on.
 * @throws Error when it cannot be read, or the copy cannot be kept: none is left then
 */
export async function copyDatabase(source: string, target: string): Promise<void> {
  removeDatabase(target);
  try {
    const db = openForReading(source);
    try {
      await backup(db, target, { rate: ONE_STEP });
    } finally {
      db.close();
    }
    chmodSync(target, statSync(source).mode);
    flush(target);
  } catch (error) {
    removeDatabase(target);
    throw error;
  }
}

/** Waits until a file, or the names in a folder, are on disk. Not for a database that this process has open. */
export function flush(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Removes a database with the files that SQLite keeps beside it. */
export function removeDatabase(file: string): void {
  rmSync(file, { force: true });
  removeLog(file);
}

export function removeLog(file: string): void {
  for (const suffix of ['-journal', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}
