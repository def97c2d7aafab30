// Makes commits fail, for failures that no test can bring about everywhere. Loaded into the process before the store
// (--import): while the file that STORAGE_FAULT names exists, the statement that it begins with fails with the SQLite
// result code that follows, e.g. "commit 13".
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const file = process.env['STORAGE_FAULT']!;
const prepare = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'prepare')!.value as (
  sql: string,
) => StatementSync;

function failAsTold(sql: string): void {
  const [, statement, code] = (existsSync(file) && /^(.*) (\d+)$/.exec(readFileSync(file, 'utf8'))) || [];
  if (statement === sql) throw Object.assign(new Error('simulated'), { errcode: Number(code) });
}

DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
  const statement = prepare.call(this, sql);
  for (const method of ['run', 'get'] as const) {
    const real = statement[method].bind(statement);
    statement[method] = (...values: never[]) => {
      failAsTold(sql);
      return real(...values) as never;
    };
  }
  return statement;
};
