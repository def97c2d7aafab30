import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const SERVER = join(ROOT, 'dist/main.js');
const READY = /agent-gateway ready: orchestrators (\S+), bots (\S+)/;
const GRPC = /agent-gateway ready: .*\(gRPC (\S+)\)/;
const READY_MS = 20_000;
/** Longer than the gateway's own budget for a clean stop (10 s). */
const STOP_MS = 15_000;
/** Captured text is cut at the front beyond this length. */
const MAX_CAPTURED = 4 * 1024 * 1024;

export interface GatewayOptions {
  /** Settings, e.g. `{ GATEWAY_TASKS_TIMEOUT: '2s' }`. Variables of the test's own environment that start with GATEWAY_ are not passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Port of the orchestrator listener; 0 (the default): a free one. */
  readonly httpPort?: number;
  /** Port of the bot listener; 0 (the default): a free one. */
  readonly botPort?: number;
  /** A data directory that outlives the gateway; without it a temporary one is made and deleted by {@link GatewayProcess.stop}. */
  readonly dataDir?: string;
  /** Arguments for Node before the script, e.g. `['--max-old-space-size=256']`. */
  readonly nodeArgs?: readonly string[];
}

/** How a process has ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<GatewayProcess>();
process.on('exit', () => {
  for (const gateway of running) gateway.killNow();
});
// Inside jest nothing outlives the file that started it, also when a test fails half-way.
if (typeof afterAll === 'function') afterAll(() => stopAllGateways());

/** Ends every gateway of this process that is still there, with their temporary data. */
export async function stopAllGateways(): Promise<void> {
  await Promise.all([...running].map((gateway) => gateway.dispose()));
}

/**
 * A real gateway: the built server (`node dist/main.js`; build first) with a SQLite file, on ports of its own.
 *
 * ```ts
 * const gateway = await GatewayProcess.start({ env: { GATEWAY_TASKS_TIMEOUT: '2s' } });
 * await fetch(`${gateway.httpUrl}/health`);
 * await gateway.kill9();
 * await gateway.restart(); // same ports, same data
 * await gateway.stop();
 * ```
 *
 * In jest whatever is left is ended after the file's last test; elsewhere when this process exits.
 */
export class GatewayProcess {
  /** Base of the orchestrator API, e.g. `http://127.0.0.1:45773`; kept over restarts. */
  httpUrl = '';
  /** The bot socket, e.g. `ws://127.0.0.1:35783/agent/register`; kept over restarts. */
  botUrl = '';
  /** `host:port` of the gRPC listener; empty without one. */
  grpcAddress = '';
  /** What the gateway has written since it was first started. */
  stdout = '';
  stderr = '';
  private child: ChildProcess | undefined;
  private exit: Promise<Exit> | undefined;

  private constructor(
    private readonly options: GatewayOptions,
    readonly dataDir: string,
  ) {}

  /** Starts a gateway; resolves when its ready line is out. @throws Error with its stderr when it does not get ready */
  static async start(options: GatewayOptions = {}): Promise<GatewayProcess> {
    if (!existsSync(SERVER)) throw new Error(`${SERVER} is missing: run "npx nest build" first`);
    const gateway = new GatewayProcess(
      options,
      options.dataDir ?? (await mkdtemp(join(tmpdir(), 'gateway-test-'))),
    );
    running.add(gateway);
    try {
      await gateway.launch();
    } catch (error) {
      await gateway.dispose();
      throw error;
    }
    return gateway;
  }

  /** Process id of the running gateway. @throws Error when it does not run */
  get pid(): number {
    const pid = this.child?.pid;
    if (pid === undefined) throw new Error('the gateway does not run');
    return pid;
  }

  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Everything it has written. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Resolves when the process has ended by itself or by a signal. */
  async exited(): Promise<Exit> {
    if (!this.exit) throw new Error('the gateway was never started');
    return this.exit;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Kills the process without any warning; resolves when it is gone. Data and ports stay for {@link restart}. */
  async kill9(): Promise<Exit> {
    return this.end('SIGKILL');
  }

  /** SIGTERM, then waits for a clean end; data and ports stay for {@link restart}. @throws Error when it does not end in time */
  async terminate(): Promise<Exit> {
    return this.end('SIGTERM');
  }

  /** Starts it again on the same ports and data, cleanly stopped first if it runs. `env` is added to what it was started with. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.child) await this.terminate();
    await this.launch(env);
  }

  /** SIGTERM, waits, deletes the temporary data. Resolves to how it ended; harmless when it is not running. */
  async stop(): Promise<Exit> {
    try {
      return await this.end('SIGTERM');
    } finally {
      await this.dispose();
    }
  }

  /** Makes an end by force: no process, no temporary data. Never throws. */
  async dispose(): Promise<void> {
    this.killNow();
    await this.exit?.catch(() => undefined);
    running.delete(this);
    if (this.options.dataDir === undefined)
      await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** SIGKILL without waiting. */
  killNow(): void {
    this.child?.kill('SIGKILL');
  }

  private async end(signal: NodeJS.Signals): Promise<Exit> {
    const { child } = this;
    if (!child) return this.exit ?? { code: null, signal: null };
    child.kill(signal);
    return within(STOP_MS, this.exited(), () => `the gateway has not ended after ${signal}\n${this.output}`);
  }

  private async launch(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(process.execPath, [...(this.options.nodeArgs ?? []), SERVER], {
      cwd: ROOT,
      env: { ...outerEnvironment(), ...this.settings(), ...this.options.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.exit = new Promise((resolve) => {
      child.once('error', (error) => {
        this.capture('stderr', String(error));
        this.child = undefined;
        resolve({ code: null, signal: null });
      });
      child.once('close', (code, signal) => {
        if (this.child === child) this.child = undefined;
        resolve({ code, signal });
      });
    });
    await within(READY_MS, this.ready(child), () => `the gateway does not get ready\n${this.output}`);
  }

  private settings(): Record<string, string> {
    const { httpPort = 0, botPort = 0 } = this.options;
    return {
      GATEWAY_HTTP_PORT: this.httpUrl === '' ? String(httpPort) : new URL(this.httpUrl).port,
      GATEWAY_BOTS_PORT: this.botUrl === '' ? String(botPort) : new URL(this.botUrl).port,
      GATEWAY_STORAGE_URL: `sqlite:${join(this.dataDir, 'gateway.db')}`,
      GATEWAY_LOG_FORMAT: 'json',
    };
  }

  private async ready(child: ChildProcess): Promise<void> {
    const line = new Promise<RegExpExecArray>((resolve) => {
      let text = '';
      child.stdout!.on('data', (chunk: Buffer) => {
        this.capture('stdout', chunk.toString());
        text = (text + chunk.toString()).slice(-65_536);
        const found = READY.exec(text);
        if (found) resolve(found);
      });
      child.stderr!.on('data', (chunk: Buffer) => this.capture('stderr', chunk.toString()));
    });
    const early = this.exited().then(({ code, signal }) => {
      throw new Error(
        `the gateway ended before it was ready (code ${code}, signal ${signal})\n${this.output}`,
      );
    });
    const [, http = '', bots = ''] = await Promise.race([line, early]);
    this.httpUrl = http;
    this.botUrl = bots;
    this.grpcAddress = GRPC.exec(this.stdout)?.[1] ?? '';
  }

  private capture(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] = (this[stream] + text).slice(-MAX_CAPTURED);
  }
}

/** The test's environment without settings of a gateway. */
function outerEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GATEWAY_')));
}

async function within<T>(ms: number, work: Promise<T>, complaint: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint()} (waited ${ms} ms)`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
