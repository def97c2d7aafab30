import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import ts from 'typescript';

const ROOT = join(__dirname, '..');
const MODULES = join(ROOT, 'node_modules');
/** Everything the benchmark writes; removed at exit. On the disk of TMPDIR, which must be a real one. */
export const TEMP = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
const children = new Set<ChildProcess>();
/** `f_type` of a file system in memory: nothing is flushed there. */
const TMPFS = 0x01021994;
if (statfsSync(TEMP).type === TMPFS)
  console.warn(`${TEMP} is in memory, so commits cost nothing there: set TMPDIR to a folder on a disk`);

/** Ends whatever is left, however this process ends. */
function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL');
  // Killed processes may take a moment to go, and write until then.
  rmSync(TEMP, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
process.once('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** The end of what each server printed, and whether it has ended; for the message of a failed run. */
export function lastWords(): string {
  const logs = readdirSync(TEMP).filter((file) => file.endsWith('.log'));
  const end = (file: string): string =>
    readFileSync(join(TEMP, file), 'utf8').trim().split('\n').slice(-15).join('\n');
  return logs.map((file) => `--- ${file}\n${end(file)}`).join('\n');
}

function track(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(force);
}

/** `sdk`: the official A2A SDK's own server with its agent in the same process and its store in memory. */
export type Kind = 'relay' | 'gateway' | 'sdk';

export interface ServerOptions {
  /** SQLite file of the gateway; a new one by default. */
  database?: string;
  /** Folder for V8 CPU profiles of the gateway. */
  cpuProf?: string | undefined;
  /** Settings of the gateway. */
  env?: Readonly<Record<string, string>>;
}

/** A server under test: its own process, plain node, default settings but for ports and storage. */
export class Server {
  private constructor(
    readonly kind: Kind,
    readonly http: number,
    readonly bots: number,
    /** From spawn until both listeners answered. */
    readonly readyMs: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(kind: Kind, options: ServerOptions = {}): Promise<Server> {
    const [http, bots] = [await freePort(), await freePort()];
    const database = options.database ?? join(TEMP, `${kind}-${http}.db`);
    const log = join(TEMP, `${kind}-${http}.log`);
    const output = openSync(log, 'w');
    const begin = performance.now();
    const child = spawn(process.execPath, program(kind, options), {
      cwd: ROOT,
      env: {
        ...environment({ http, bots, database }),
        ...(kind === 'gateway' ? options.env : { NODE_PATH: MODULES }),
      },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    track(child);
    child.once('exit', (code, signal) =>
      appendFileSync(log, `(it ended: ${signal ?? `exit code ${code}`})\n`),
    );
    for (const url of [`http://127.0.0.1:${http}/health/ready`, `http://127.0.0.1:${bots}/health`])
      while (!(await answers(url))) {
        if (child.exitCode !== null) throw new Error(`the ${kind} did not start`);
        if (performance.now() - begin > 30_000)
          throw new Error(`the ${kind} is not ready after 30 s (${url})`);
        await sleep(5);
      }
    return new Server(kind, http, bots, performance.now() - begin, child);
  }

  stop(): Promise<void> {
    return stop(this.child);
  }

  /** CPU time so far of all threads that live, user and system, in seconds. Node's threads live as long as the process. */
  cpuSeconds(): number {
    const threads = this.proc(() => readdirSync(`/proc/${this.child.pid}/task`));
    const spent = threads.map((id) =>
      this.proc(() => readFileSync(`/proc/${this.child.pid}/task/${id}/schedstat`, 'utf8')),
    );
    return spent.reduce((sum, line) => sum + parseInt(line), 0) / 1e9;
  }

  /** Resident memory in KB (1024 bytes). */
  rssKb(): number {
    return Number(
      /VmRSS:\s+(\d+)/.exec(this.proc(() => readFileSync(`/proc/${this.child.pid}/status`, 'utf8')))?.[1],
    );
  }

  private proc<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (process.platform !== 'linux')
        throw new Error(`CPU time and memory are read from /proc, which ${process.platform} lacks`, {
          cause,
        });
      throw new Error(`the ${this.kind} is not in /proc any more`, { cause });
    }
  }
}

function program(kind: Kind, { cpuProf }: ServerOptions): string[] {
  if (kind !== 'gateway') return [compiled(kind === 'relay' ? 'relay' : 'sdk-server')];
  return [...(cpuProf ? ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`] : []), join(ROOT, 'dist/main.js')];
}

/** A baseline server as plain JavaScript, so that no loader counts in its figures. */
function compiled(name: string): string {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2024, esModuleInterop: true };
  const source = readFileSync(join(__dirname, `${name}.ts`), 'utf8');
  const file = join(TEMP, `${name}.cjs`);
  writeFileSync(file, ts.transpileModule(source, { compilerOptions: options }).outputText);
  return file;
}

function environment(at: { http: number; bots: number; database: string }): NodeJS.ProcessEnv {
  const outer = Object.entries(process.env).filter(([key]) => !/^(GATEWAY_|NODE_|OTEL_|npm_)/.test(key));
  return {
    ...Object.fromEntries(outer),
    GATEWAY_HTTP_PORT: String(at.http),
    GATEWAY_BOTS_PORT: String(at.bots),
    GATEWAY_STORAGE_URL: `sqlite:${at.database}`,
  };
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    async (response) => (await response.text(), response.ok),
    () => false,
  );

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

interface BotsMessage {
  ready?: true;
  error?: string;
  done?: number;
}

/** A process with connected bots; see bots.ts. */
export class Bots {
  private failure: Error | undefined;
  private wake: (message: BotsMessage) => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message: BotsMessage) => {
      if (message.error) this.failure ??= new Error(message.error);
      this.wake(message);
    });
    child.once('exit', () => {
      this.failure ??= new Error('the bots process has ended');
      this.wake({});
    });
  }

  static async connect(server: Server, count: number): Promise<Bots> {
    const child = fork(join(__dirname, 'bots.ts'), [String(server.bots), String(count)], {
      execArgv: ['--import', 'tsx'],
      cwd: ROOT,
    });
    track(child);
    const bots = new Bots(child);
    await bots.next();
    return bots;
  }

  /** Tasks they have answered since they connected. */
  async done(): Promise<number> {
    this.child.send('done');
    return (await this.next()).done ?? 0;
  }

  /** Lets the held tasks go on (see bots.ts). */
  go(): void {
    this.child.send('go');
  }

  async stop(): Promise<void> {
    await stop(this.child);
  }

  /** The next message. @throws Error when a bot has lost its connection. */
  private async next(): Promise<BotsMessage> {
    const message = await new Promise<BotsMessage>((resolve) => (this.wake = resolve));
    if (this.failure) throw this.failure;
    return message;
  }
}

/** A caller who does not heed his limit; see flood.ts. */
export class Flood {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when the gateway has begun to refuse. @throws Error when the process ends before */
  static async start(server: Server, token: string, perSecond: number): Promise<Flood> {
    const child = fork(join(__dirname, 'flood.ts'), [String(server.http), token, String(perSecond)], {
      execArgv: ['--import', 'tsx'],
      cwd: ROOT,
    });
    track(child);
    const ended = once(child, 'exit').then(() => {
      throw new Error('the flood has ended');
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined); // it may end now
    return new Flood(child);
  }

  stop(): Promise<void> {
    return stop(this.child);
  }
}
