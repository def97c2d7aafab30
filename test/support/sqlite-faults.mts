// Makes commits fail, for failures that no test can bring about everywhere. Loaded into the process before the store
// (--import): while the file that STORAGE_FAULT names exists, its text is the SQLite result code that commits fail with.
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const file = process.env['STORAGE_FAULT']!;
const prepare = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'prepare')!.value as (
  sql: string,
) => StatementSync;

DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
  const statement = prepare.call(this, sql);
  if (sql !== 'commit') return statement;
  const run = statement.run.bind(statement);
  statement.run = () => {
    if (existsSync(file))
      throw Object.assign(new Error('simulated'), { errcode: Number(readFileSync(file, 'utf8')) });
    return run();
  };
  return statement;
};
