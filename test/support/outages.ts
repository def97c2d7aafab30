import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { StoreProcess } from './store-process.js';

/** A store whose storage can be broken and mended while it runs. */
export interface Outage {
  readonly store: StoreProcess;
  readonly url: string;
  readonly begin: () => Promise<void> | void;
  readonly end: () => Promise<void>;
  /** Ends the store and takes away what the outage needed. */
  readonly dispose: () => Promise<void>;
}

/** A kind of failure. */
interface OutageKind {
  readonly name: string;
  readonly start: () => Promise<Outage>;
}

/** A failure that is real where this machine lets a test bring it about, and simulated elsewhere. */
interface RealKind extends OutageKind {
  readonly possible: boolean;
  /** SQLite's result code for it. */
  readonly code: number;
}

const does = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function must(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'storage-outage-'));
const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });
export const urlIn = (folder: string): string => `sqlite:${join(folder, 'gateway.db')}`;

/** A folder whose files can be made to fail, for a process that is started with `imports` and `env`. */
export interface Disk {
  readonly folder: string;
  readonly imports?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly begin: () => void;
  readonly end: () => void;
  /** Takes the folder away, once nobody uses it. */
  readonly clean: () => void;
}

type Steps = Pick<Outage, 'store'> & {
  readonly folder: string;
  readonly begin: () => Promise<void> | void;
  readonly end: () => Promise<void> | void;
  readonly clean: () => void;
};

function outage({ folder, store, begin, end, clean }: Steps): Outage {
  let begun = false;
  const mend = async () => {
    if (begun) await end();
    begun = false;
  };
  return {
    store,
    url: urlIn(folder),
    begin() {
      begun = true;
      return begin();
    },
    end: mend,
    async dispose() {
      await mend();
      await store.kill();
      clean();
    },
  };
}

const onDisk = async (disk: Disk): Promise<Outage> =>
  outage({ ...disk, store: await StoreProcess.start(urlIn(disk.folder), disk) });

/** A file system of a few megabytes that something else fills up. */
function smallDisk(): Disk {
  const folder = newFolder();
  must('mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder);
  const filler = join(folder, 'filler');
  return {
    folder,
    begin: () => fill(filler),
    end: () => rmSync(filler, { force: true }),
    clean() {
      must('umount', folder);
      remove(folder);
    },
  };
}

function canMount(): boolean {
  const folder = newFolder();
  const mounted = does('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder);
  if (mounted) must('umount', folder);
  remove(folder);
  return mounted;
}

function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (;;) writeSync(handle, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(handle);
  }
}

const FAULTS = join(__dirname, 'sqlite-faults.mts');

/** A statement fails with a result code of SQLite, by simulation: on every machine. */
export function faultyDisk(code: number, statement = 'commit'): Disk {
  const folder = newFolder();
  const fault = join(folder, 'fault');
  return {
    folder,
    imports: [FAULTS],
    env: { STORAGE_FAULT: fault },
    begin: () => writeFileSync(fault, `${statement} ${code}`),
    end: () => rmSync(fault, { force: true }),
    clean: () => remove(folder),
  };
}

/** A disk on which files stay in place when it is taken away and put back; nothing of them is cached then. */
export interface LosingDisk extends Disk {
  readonly putBack: () => void;
}

/**
 * ext4 on a device whose memory runs out, as a thin volume's does: writes are taken into the cache, and fail later.
 * Undefined where this machine does not allow it.
 */
export function losingDisk(): LosingDisk | undefined {
  const memory = newFolder();
  const folder = newFolder();
  const image = join(memory, 'image');
  const filler = join(memory, 'filler');
  const steps = [
    () => must('mount', '-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', memory),
    () => must('truncate', '-s', '400m', image),
    () => must('mkfs.ext4', '-q', '-O', '^has_journal', '-N', '64', image),
    () => must('mount', '-o', 'loop', image, folder),
  ];
  const clean = () => {
    does('umount', folder);
    does('umount', memory);
    remove(folder);
    remove(memory);
  };
  try {
    for (const step of steps) step();
  } catch {
    return void clean();
  }
  return {
    folder,
    begin: () => fill(filler),
    end: () => rmSync(filler, { force: true }),
    putBack() {
      must('umount', folder);
      must('mount', '-o', 'loop', image, folder);
    },
    clean,
  };
}

const SQLITE_FULL = 13;
/** A disk that can be full. */
export const fullDisk = (): Disk => (canMount() ? smallDisk() : faultyDisk(SQLITE_FULL));

const diskFull: RealKind = {
  name: 'the disk is full',
  code: SQLITE_FULL,
  possible: canMount(),
  start: () => onDisk(smallDisk()),
};

/** The files cannot be changed any more: open ones fail, and a connection that is made meanwhile comes up read-only. */
const readOnly: RealKind = {
  name: 'the files are read-only',
  code: 8,
  possible: canFreeze(),
  start() {
    const folder = newFolder();
    const files = () => readdirSync(folder).filter((name) => /^gateway\.db(-wal)?$/.test(name));
    const change = (flag: string) => must('chattr', flag, ...files().map((name) => join(folder, name)));
    return onDisk({
      folder,
      begin: () => change('+i'),
      end: () => change('-i'),
      clean: () => remove(folder),
    });
  },
};

/** Not every file system knows the flag, and not every one that does minds it in open files. */
function canFreeze(): boolean {
  const folder = newFolder();
  const file = join(folder, 'file');
  const handle = openSync(file, 'w');
  try {
    if (!does('chattr', '+i', file)) return false;
    writeSync(handle, 'x');
    return false;
  } catch {
    return true;
  } finally {
    does('chattr', '-i', file);
    closeSync(handle);
    remove(folder);
  }
}

/** A limit on the size of files makes writes fail with EFBIG, which SQLite takes for an I/O error. */
const writeError: RealKind = {
  name: 'writes fail with an I/O error',
  code: 778,
  possible: does('prlimit', '--version'),
  async start() {
    const folder = newFolder();
    const store = await StoreProcess.start(urlIn(folder));
    const limit = (bytes: number | 'unlimited') => must('prlimit', `--pid=${store.pid}`, `--fsize=${bytes}:`);
    return outage({
      folder,
      store,
      begin: () => limit(statSync(join(folder, 'gateway.db-wal')).size),
      end: () => limit('unlimited'),
      clean: () => remove(folder),
    });
  },
};

const TRACER = 'strace';
const FLUSHES = 'fsync,fdatasync';

/** The kernel's answer to every flush is EIO: the data is written, and nobody knows whether it is on the disk. */
const flushError: RealKind = {
  name: 'flushes fail with an I/O error',
  code: 1034,
  possible: does(
    TRACER,
    '-qq',
    '-f',
    '-o',
    '/dev/null',
    '-e',
    `trace=${FLUSHES}`,
    '-e',
    `inject=${FLUSHES}:error=EIO`,
    'true',
  ),
  async start() {
    const folder = newFolder();
    const store = await StoreProcess.start(urlIn(folder));
    let end = () => Promise.resolve();
    return outage({
      folder,
      store,
      begin: async () => void (end = await failFlushes(store.pid)),
      end: () => end(),
      clean: () => remove(folder),
    });
  },
};

/** Resolves to what ends it, once it is in force. */
async function failFlushes(pid: number): Promise<() => Promise<void>> {
  const options = ['-f', '-o', '/dev/null', '-e', `trace=${FLUSHES}`, '-e', `inject=${FLUSHES}:error=EIO`];
  const tracer = spawn(TRACER, [...options, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = new Promise<void>((resolve) => tracer.once('exit', () => resolve()));
  let said = '';
  tracer.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await eventually(() => /attached/.test(said));
  return () => {
    tracer.kill('SIGINT');
    return gone;
  };
}

const simulated = (name: string, code: number): OutageKind => ({
  name: `${name} (simulated)`,
  start: () => onDisk(faultyDisk(code)),
});

export const OUTAGES: readonly OutageKind[] = [
  ...[diskFull, readOnly, writeError, flushError].map((kind) =>
    kind.possible ? kind : simulated(kind.name, kind.code),
  ),
  simulated('the database is corrupt', 11),
];
