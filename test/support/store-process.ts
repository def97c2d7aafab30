import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TaskStore } from '../../src/engine/tasks/task.store.js';

type Method = Exclude<keyof TaskStore, 'available'>;
export interface StoreCall {
  readonly id: number;
  readonly method: Method | 'available' | 'close';
  readonly args: readonly unknown[];
}
export type StoreMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: string | undefined;
      readonly message: string;
    };

interface Options {
  /** Modules that the process and its threads load first. */
  readonly imports?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A task store in a process of its own, called from here. Calls are made in order; answers come when they come. */
export class StoreProcess {
  /** What it wrote to stdout and stderr. */
  output = '';
  private lastId = 0;
  private readonly waiting = new Map<number, PromiseWithResolvers<unknown>>();
  private readonly gone: Promise<unknown>;
  private readonly ready = Promise.withResolvers<void>();

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => (this.output += text.toString()));
    child.on('message', (message: StoreMessage) => this.take(message));
    this.gone = once(child, 'close').then(() => this.fail());
  }

  /** @throws Error with what it wrote when it does not start */
  static async start(url: string, { imports = [], env = {} }: Options = {}): Promise<StoreProcess> {
    const host = new StoreProcess(
      fork(join(__dirname, 'store-host.mts'), [url], {
        execArgv: ['--disable-warning=ExperimentalWarning', ...imports.flatMap((file) => ['--import', file])],
        env: { ...process.env, ...env },
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
    await host.ready.promise;
    return host;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Rejects with what the store rejects with (`code`, `message`), or when the process ends first. */
  call<M extends Method>(method: M, ...args: Parameters<TaskStore[M]>): ReturnType<TaskStore[M]> {
    return this.send(method, args) as ReturnType<TaskStore[M]>;
  }

  available(): Promise<boolean> {
    return this.send('available', []) as Promise<boolean>;
  }

  /** Closes the database; the process goes on. */
  close(): Promise<void> {
    return this.send('close', []) as Promise<void>;
  }

  /** Ends the process without any warning. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  private send(method: StoreCall['method'], args: readonly unknown[]): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => undefined); // a test may look at it later, or never
    this.waiting.set(++this.lastId, answer);
    this.child.send({ id: this.lastId, method, args } satisfies StoreCall);
    return answer.promise;
  }

  private take(message: StoreMessage): void {
    if (message.kind === 'ready') return this.ready.resolve();
    const answer = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.kind === 'done') answer?.resolve(message.value);
    else answer?.reject(Object.assign(new Error(message.message), { code: message.code }));
  }

  private fail(): void {
    const error = new Error(`the process has ended: ${this.output}`);
    this.ready.reject(error);
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
