import { existsSync, realpathSync, renameSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { copyDatabase, flush, removeDatabase } from '../adapters/storage/sqlite/copy.js';
import { ConfigError } from '../config/config.error.js';
import { loadConfig } from '../config/load.js';

const HELP = `Copies the gateway's SQLite database to a file, also while the gateway runs. The copy is one moment of the
database, complete in itself, checked and on disk when the command ends.

  npm run --silent backup -- backup.db
  npm run --silent backup -- /mnt/backups/today.db --from sqlite:./data/gateway.db --force

  FILE               where to write the copy           (required)
  --from URL         sqlite:PATH                       (storage.url)
  --force            replaces FILE if it exists
  --help

To restore: stop the gateway, move its database away with the files beside it (-wal, -shm), copy the backup to its place,
start the gateway.`;

/** Wrong use of the command. */
class UsageError extends Error {}
/** The backup could not be made; nothing was left behind. */
class BackupError extends Error {}

function readOptions(args: string[]) {
  try {
    const options = {
      from: { type: 'string' },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (!values.help && positionals.length !== 1)
      throw new UsageError(`FILE: got ${positionals.length} of them, allowed: one`);
    return { ...values, target: resolve(positionals[0] ?? '') };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

type Options = ReturnType<typeof readOptions>;

/** The database file that is copied. */
function sourceOf({ from }: Options): string {
  const url = from ?? loadConfig({ env: process.env, cwd: process.cwd() }).storage.url;
  const path = /^sqlite:(?!:memory:$)(.+)$/.exec(url)?.[1];
  if (path === undefined)
    throw new UsageError(
      `${from === undefined ? 'storage.url' : '--from'}: got no file, allowed: sqlite:PATH`,
    );
  if (!existsSync(path)) throw new BackupError(`${resolve(path)} does not exist`);
  return realpathSync(path);
}

function checkTarget(source: string, { target, force }: Options): void {
  if (!existsSync(dirname(target))) throw new BackupError(`${dirname(target)} does not exist`);
  for (const log of [`${target}-wal`, `${target}-journal`])
    if (existsSync(log)) throw new BackupError(`${target} is a database that may be in use (${log} exists)`);
  if (!existsSync(target)) return;
  if (realpathSync(target) === source) throw new UsageError(`FILE: ${target} is the database itself`);
  if (!statSync(target).isFile()) throw new BackupError(`${target} is not a file`);
  if (!force) throw new BackupError(`${target} exists; --force replaces it`);
}

/** Written beside its place and renamed when it is whole: `target` is the old file or the new one at any moment. */
async function copy(source: string, target: string): Promise<string> {
  const partial = `${target}.partial`;
  try {
    await copyDatabase(source, partial);
    const tasks = check(partial);
    flush(partial);
    const { size } = statSync(partial);
    renameSync(partial, target);
    flush(dirname(target));
    return `${target}: ${(size / 1e6).toFixed(1)} MB, ${tasks} tasks, checked`;
  } catch (error) {
    removeDatabase(partial);
    throw error instanceof BackupError
      ? error
      : new BackupError(`no backup was made: ${String(error)}`, { cause: error });
  }
}

/** Makes the copy a file that needs no log beside it, and reads all of it. Answers how many tasks it holds. */
function check(file: string): number {
  const db = new DatabaseSync(file);
  try {
    db.exec('pragma journal_mode = delete');
    const faults = db
      .prepare('pragma integrity_check')
      .all()
      .map((row) => String(row['integrity_check']));
    if (faults.join() !== 'ok')
      throw new BackupError(`the copy is damaged, so the database probably is: ${faults.join('; ')}`);
    return Number(db.prepare('select count(*) as tasks from tasks').get()?.['tasks']);
  } finally {
    db.close();
  }
}

async function run(options: Options): Promise<string> {
  if (options.help) return HELP;
  const source = sourceOf(options);
  checkTarget(source, options);
  return copy(source, options.target);
}

/** @returns the exit code: 0; 1 when no backup could be made; 2 for wrong use or configuration */
export async function main(args: string[]): Promise<number> {
  try {
    process.stdout.write(`${await run(readOptions(args))}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigError || error instanceof BackupError))
      throw error;
    process.stderr.write(`${error.message}\n${error instanceof UsageError ? `\n${HELP}\n` : ''}`);
    return error instanceof BackupError ? 1 : 2;
  }
}

if (require.main === module) void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
