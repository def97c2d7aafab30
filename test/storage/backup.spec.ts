import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TaskId } from '../../src/core/ids.js';
import { SqliteTaskStore } from '../support/built.js';
import { eventually } from '../support/eventually.js';
import { StoreProcess } from '../support/store-process.js';
import { completed, newTask, running, textInput } from '../support/stored-tasks.js';

const COMMAND = join(__dirname, '../../dist/cli/backup.js');

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function backup(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

describe('npm run backup', () => {
  let folder: string;
  let file: string;
  let target: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'storage-backup-'));
    mkdirSync(join(folder, 'data'));
    file = join(folder, 'data/gateway.db');
    target = join(folder, 'backup.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const from = () => `sqlite:${file}`;
  const withTasks = async (count: number) => {
    const store = await SqliteTaskStore.open(from());
    const tasks = Array.from({ length: count }, () => newTask());
    await Promise.all(tasks.map((task) => store.submit(task)));
    await store.close();
    return tasks;
  };

  it('copies a gateway that writes all the time: everything acknowledged before, every task whole', async () => {
    const host = await StoreProcess.start(from());
    const acknowledged: TaskId[] = [];
    let stopped = false;
    const write = async () => {
      while (!stopped) {
        const task = newTask({ input: textInput('x'.repeat(2000)) });
        await host.call('submit', task);
        acknowledged.push(task.record.id);
        await host.call('append', task.record.id, running(2));
        await host.call('append', task.record.id, completed(3));
      }
    };
    const writers = Array.from({ length: 10 }, write);
    await eventually(() => acknowledged.length > 1000, { timeoutMs: 20_000 });
    const before = [...acknowledged];
    const result = await backup([target, '--from', from()]);
    const after = acknowledged.length;
    await eventually(() => acknowledged.length > after, { timeoutMs: 20_000 }); // it went on
    stopped = true;
    await Promise.all(writers);
    await host.kill();

    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^\S+backup\.db: \d+\.\d MB, \d+ tasks, checked\n$/);
    expect(readdirSync(folder).toSorted()).toEqual(['backup.db', 'data']);
    const copy = await SqliteTaskStore.open(`sqlite:${target}`);
    for (const id of before) expect(await copy.get(id)).toBeDefined();
    const all = (await copy.list(null, { limit: 1_000_000 })).tasks;
    expect(result.stdout).toContain(` ${all.length} tasks`);
    for (const { id, seq } of all) expect(await copy.eventsSince(id, 0, 10)).toHaveLength(seq);
    await copy.close();
  });

  it('is restored as documented: the database is as it was, also beside the log of a killed gateway', async () => {
    const [kept] = await withTasks(3);
    expect(await backup([target, '--from', from()])).toMatchObject({ code: 0 });
    const host = await StoreProcess.start(from());
    await host.call('append', kept!.record.id, completed(2));
    await host.call('submit', newTask());
    await host.kill();
    expect(existsSync(`${file}-wal`)).toBe(true);

    renameSync(join(folder, 'data'), join(folder, 'data-old'));
    mkdirSync(join(folder, 'data'));
    cpSync(target, file);
    const store = await SqliteTaskStore.open(from());
    expect(await store.open()).toHaveLength(3);
    expect(await store.get(kept!.record.id)).toEqual(kept!.record);
    await store.append(kept!.record.id, completed(2));
    await store.close();
  });

  it('copies a gateway that does not run, from where the configuration says', async () => {
    await withTasks(2);
    const before = readFileSync(file);
    const result = await backup([target], { GATEWAY_STORAGE_URL: from() });
    expect(result).toEqual({
      code: 0,
      stdout: expect.stringContaining('2 tasks, checked') as string,
      stderr: '',
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(statSync(target).mode).toBe(statSync(file).mode);
    const db = new DatabaseSync(target, { readOnly: true });
    expect(db.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'delete' });
    db.close();
  });

  it('replaces a file only when it is told to', async () => {
    await withTasks(1);
    writeFileSync(target, 'precious');
    expect(await backup([target, '--from', from()])).toEqual({
      code: 1,
      stdout: '',
      stderr: `${target} exists; --force replaces it\n`,
    });
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(await backup([target, '--from', from(), '--force'])).toMatchObject({ code: 0 });
    expect(readFileSync(target, 'latin1')).toMatch(/^SQLite format 3/);
  });

  it('keeps the old backup when the new one fails', async () => {
    const content = Buffer.alloc(65_536, 'damaged');
    new DatabaseSync(file).close();
    writeFileSync(file, content);
    writeFileSync(target, 'precious');
    const result = await backup([target, '--from', from(), '--force']);
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no backup was made') as string,
    });
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(readdirSync(folder).toSorted()).toEqual(['backup.db', 'data']);
  });

  it('finds damage', async () => {
    await withTasks(200);
    const bytes = readFileSync(file);
    bytes.fill(0xff, bytes.length - 3 * 4096, bytes.length - 4096);
    writeFileSync(file, bytes);
    const result = await backup([target, '--from', from()]);
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the copy is damaged|malformed/) as string,
    });
    expect(existsSync(target)).toBe(false);
  });

  it.each<[string, () => string[], number, RegExp]>([
    ['no file', () => ['--from', from()], 2, /FILE: got 0 of them, allowed: one/],
    ['two files', () => [target, target, '--from', from()], 2, /FILE: got 2/],
    ['an unknown option', () => [target, '--form', from()], 2, /--form/],
    [
      'a source in memory',
      () => [target, '--from', 'sqlite::memory:'],
      2,
      /--from: got no file, allowed: sqlite:PATH/,
    ],
    ['a source that is no file', () => [target, '--from', 'postgres://x/y'], 2, /--from: got no file/],
    [
      'a source that is not there',
      () => [target, '--from', 'sqlite:/nowhere/x.db'],
      1,
      /x\.db does not exist/,
    ],
    ['a folder that is not there', () => [join(folder, 'a/b.db'), '--from', from()], 1, /a does not exist/],
    ['a folder as the target', () => [folder, '--from', from(), '--force'], 1, /is not a file/],
    ['the database itself', () => [file, '--from', from(), '--force'], 2, /is the database itself/],
    [
      'a link to the database',
      () => (symlinkSync(file, target), [target, '--from', from(), '--force']),
      2,
      /is the database itself/,
    ],
    [
      'a database in use',
      () => (writeFileSync(`${target}-wal`, ''), [target, '--from', from(), '--force']),
      1,
      /may be in use/,
    ],
  ])('refuses %s', async (_, args, code, stderr) => {
    await withTasks(1);
    expect(await backup(args())).toEqual({
      code,
      stdout: '',
      stderr: expect.stringMatching(stderr) as string,
    });
  });

  it('explains itself', async () => {
    expect(await backup(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('npm run --silent backup --') as string,
    });
  });
});
