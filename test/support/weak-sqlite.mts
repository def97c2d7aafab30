// SQLite that does not flush commits however it is told to. Loaded into a process before the store (--import).
// WEAK=everywhere: the connection that prepares the file, too; WEAK=threads: only connections of threads, i.e. the writer.
import { DatabaseSync } from 'node:sqlite';
import { isMainThread } from 'node:worker_threads';

const exec = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec')!.value as (sql: string) => void;

if (process.env['WEAK'] === 'everywhere' || !isMainThread)
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
    exec.call(this, sql.replace(/synchronous = full/, 'synchronous = normal'));
  };
