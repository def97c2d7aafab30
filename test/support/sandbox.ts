import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What Node's own image has in /usr/local; here it is the Node that runs the tests. */
const NODE = '/opt/node';
const PATH = `${NODE}/bin:/usr/local/bin:/usr/bin:/bin`;
/** Of this machine, read-only: what the base image brings besides Node. */
const SYSTEM = ['usr', 'bin', 'sbin', 'lib', 'lib64', 'etc'];

/** A place on this machine that a container sees as `target`. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly writable?: boolean;
}

export interface RunOptions {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly mounts?: readonly Mount[];
  /** Unprivileged: `uid:gid`, no capability, none to be had, read-only root with a tmpfs at /tmp. Absent: as a build step runs. */
  readonly user?: string | undefined;
  readonly network?: Network;
  /** More names of 127.0.0.1. */
  readonly hosts?: readonly string[];
}

/**
 * Whether this machine lets us make containers by hand (Linux, root). Elsewhere what needs them cannot run.
 */
export function canSandbox(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const script = 'ip link set lo up && mount -t tmpfs probe /mnt && command -v setpriv chroot nsenter';
  return spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'sh', '-c', script]).status === 0;
}

/** A loopback interface of its own: every container in it may use the ports that the compose file names. */
export class Network {
  private constructor(private readonly holder: ChildProcess) {}

  static async create(): Promise<Network> {
    const script = 'ip link set lo up && echo up && exec sleep infinity';
    const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    return new Network(holder);
  }

  /** The command that runs another one inside. */
  get enter(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.holder.pid}/ns/net`, '--'];
  }

  dispose(): void {
    this.holder.kill('SIGKILL');
  }
}

/** The files of an image, in a folder; the base image is this machine's system, read-only. */
export class Rootfs {
  readonly path = mkdtempSync(join(tmpdir(), 'agent-gateway-image-'));

  constructor() {
    execFileSync('chmod', ['755', this.path]);
    for (const name of ['dev', 'proc', 'tmp', 'root', 'opt/node', 'run/secrets', ...SYSTEM.filter(isFolder)])
      mkdirSync(join(this.path, name), { recursive: true });
    for (const name of SYSTEM.filter((name) => existsSync(join('/', name)) && !isFolder(name)))
      symlinkSync(readlinkSync(join('/', name)), join(this.path, name));
  }

  at(path: string): string {
    return join(this.path, path);
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const isFolder = (name: string): boolean =>
  lstatSync(join('/', name), { throwIfNoEntry: false })?.isDirectory() === true;

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

function mountLines(rootfs: Rootfs, { mounts = [], hosts = [] }: RunOptions): string[] {
  const bind = ({ source, target, writable }: Mount): string[] => {
    const at = quote(rootfs.at(target));
    const make = lstatSync(source).isDirectory()
      ? `mkdir -p ${at}`
      : `mkdir -p ${quote(dirname(rootfs.at(target)))}; touch ${at}`;
    return [
      make,
      `mount --bind ${quote(source)} ${at}`,
      ...(writable ? [] : [`mount -o remount,bind,ro ${at}`]),
    ];
  };
  const devices = ['null', 'zero', 'full', 'random', 'urandom'].map((name) => ({
    source: `/dev/${name}`,
    target: `/dev/${name}`,
    writable: true,
  }));
  return [
    ...SYSTEM.filter(isFolder).map((name) => ({ source: join('/', name), target: name })),
    { source: dirname(dirname(process.execPath)), target: NODE },
    ...devices,
    ...mounts,
  ]
    .flatMap(bind)
    .concat(
      `mount -t proc proc ${quote(rootfs.at('proc'))}`,
      hosts.length > 0 ? hostsLine(rootfs, hosts) : [],
    );
}

/** What the engine's name service does: here every container is at 127.0.0.1. */
const hostsLine = (rootfs: Rootfs, hosts: readonly string[]): string => {
  const own = quote(`${rootfs.path}.hosts-${randomUUID()}`); // containers of one image start at the same time
  return `printf '127.0.0.1 localhost ${hosts.join(' ')}\\n' > ${own}; mount --bind ${own} ${quote(rootfs.at('etc/hosts'))}; rm ${own}`;
};

/** Becomes the container's first process: pid 1, in its own mounts. */
function scriptOf(rootfs: Rootfs, options: RunOptions): string {
  const { argv, env = {}, cwd = '/', user } = options;
  const variables = Object.entries({ PATH, HOME: '/root', ...env }).map(([name, value]) =>
    quote(`${name}=${value}`),
  );
  const [uid = '', gid = uid] = (user ?? '').split(':');
  const bare = [
    'setpriv',
    '--reuid',
    uid,
    '--regid',
    gid,
    '--clear-groups',
    '--no-new-privs',
    '--inh-caps=-all',
    '--bounding-set=-all',
  ];
  const root = quote(rootfs.path);
  return [
    'set -eu; umask 022',
    `mount --bind ${root} ${root}`,
    ...mountLines(rootfs, options),
    ...(user === undefined
      ? []
      : [`mount -t tmpfs -o mode=1777 tmp ${quote(rootfs.at('tmp'))}`, `mount -o remount,bind,ro ${root}`]),
    `exec chroot ${root} env -i ${variables.join(' ')} ${user === undefined ? '' : bare.join(' ')} sh -c 'cd "$0" && exec "$@"' ${[cwd, ...argv].map(quote).join(' ')}`,
  ].join('\n');
}

/** A container: a first process with its own files, process ids and network. */
export class Container {
  /** What it has written. */
  output = '';
  private readonly exit: Promise<number>;

  private constructor(private readonly outer: ChildProcess) {
    for (const stream of [outer.stdout, outer.stderr])
      stream!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exit = once(outer, 'close').then(
      ([code, signal]) => (code as number | null) ?? signalNumber(signal),
    );
  }

  static start(rootfs: Rootfs, options: RunOptions): Container {
    const [file = '', ...args] = [
      ...(options.network?.enter ?? []),
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL'],
      ...['sh', '-c', scriptOf(rootfs, options)],
    ];
    return new Container(spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Resolves to the exit code of its first process. */
  async ended(): Promise<number> {
    return this.exit;
  }

  /** Runs another command inside, as `docker exec` does; resolves to its exit code and output. */
  async exec({
    argv,
    env = {},
    cwd = '/',
    user = '0:0',
  }: RunOptions): Promise<{ code: number; output: string }> {
    const [uid = '', gid = uid] = user.split(':');
    const variables = Object.entries({ PATH, ...env }).map(([name, value]) => `${name}=${value}`);
    const child = spawn('nsenter', [
      ...[
        '-t',
        String(this.firstProcess),
        '-m',
        '-p',
        '-n',
        '-r',
        '--',
        'setpriv',
        '--reuid',
        uid,
        '--regid',
        gid,
      ],
      ...['--clear-groups', 'env', '-i', ...variables, 'sh', '-c', 'cd "$0" && exec "$@"', cwd, ...argv],
    ]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  }

  /** To the first process, which has no default action for it: it ends because it wants to. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.firstProcess, signal);
  }

  kill(): void {
    this.outer.kill('SIGKILL');
  }

  private get firstProcess(): number {
    const { pid } = this.outer;
    const list = `/proc/${pid}/task/${pid}/children`;
    const children =
      this.outer.exitCode === null && existsSync(list) ? readFileSync(list, 'utf8').trim() : '';
    if (children === '') throw new Error(`the container has ended\n${this.output}`);
    return Number(children.split(' ')[0]);
  }
}

const signalNumber = (signal: unknown): number => (signal === null ? -1 : 128);
