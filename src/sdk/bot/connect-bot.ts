import type { JsonObject } from '../../core/json.js';
import type { Artifact } from '../../core/task.js';
import { UP, type RegisterResult } from '../../protocols/bot/bot.wire.js';
import type { BotEvent, BotOptions, BotResult } from './bot-options.js';
import { BotSocket } from './bot-socket.js';
import { BotTask, type TaskFrame } from './bot-task.js';

/** How long {@link Bot.close} waits for what is under way, milliseconds. */
const CLOSE_MS = 10_000;

/** A result that the gateway has not confirmed yet. */
interface Held {
  readonly task: BotTask;
  readonly status: 'completed' | 'failed';
  /** The report; `broken`: the connection was lost since the first piece, so pieces may be missing there. */
  report(broken: boolean): JsonObject;
}

/** A bot that is connected, or on its way there. */
export class Bot {
  /** Resolves at the first registration; rejects when the bot is refused or closed before. */
  readonly ready: Promise<void>;
  /** Resolves when the bot has ended: closed, replaced, refused. */
  readonly ended: Promise<Error | undefined>;
  private readonly socket: BotSocket;
  private readonly running = new Map<string, BotTask>();
  private readonly held = new Map<string, Held>();
  /** Tasks whose connection was lost after a piece of their result had been sent. */
  private readonly broken = new Set<BotTask>();
  private readonly unstored = new Map<string, () => void>();
  private readonly started = Promise.withResolvers<void>();
  private readonly over = Promise.withResolvers<Error | undefined>();
  private readonly idle = new Set<() => void>();
  private reports = 0;

  constructor(private readonly options: BotOptions) {
    this.ready = this.started.promise;
    this.ended = this.over.promise;
    this.ready.catch(() => undefined); // whoever does not wait for it learns by `ended`
    this.socket = new BotSocket(options, {
      resuming: () => [...this.running.keys(), ...this.held.keys()],
      registered: (result) => this.registered(result),
      task: (frame) => this.take(frame),
      cancel: (id) => this.cancel(id),
      answered: (id, error) => this.answered(id, error),
      lost: (code, reason, retryMs) => this.lost(code, reason, retryMs),
      ended: (error) => this.end(error),
    });
    void this.socket.open();
  }

  /** Tasks that it works on. */
  get tasks(): readonly BotTask[] {
    return [...this.running.values()];
  }

  /**
   * Takes no more tasks, waits until those under way are done and their results stored (at most `timeoutMs`), and ends.
   * What is still running then is aborted and left to the gateway's loss policy.
   */
  async close({ timeoutMs = CLOSE_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.socket.offer([]);
    await this.rest(timeoutMs);
    for (const task of this.running.values()) task.abort('the bot closes');
    this.socket.close();
    await this.ended;
  }

  private registered(result: RegisterResult): void {
    this.emit({ type: 'registered', namespace: result.namespace, agentId: result.agent_id });
    this.started.resolve();
    for (const held of this.held.values()) this.sendHeld(held);
  }

  private take(frame: TaskFrame): void {
    const known = this.running.get(frame.id);
    if (this.held.has(frame.id)) return this.sendHeld(this.held.get(frame.id)!);
    // Sent again after a loss: what has begun goes on, unless pieces of it belong to the dispatch before.
    if (known && !known.hasAppended) return;
    known?.abort('dispatched anew');
    const task: BotTask = new BotTask(frame, {
      tell: (report) => void this.socket.send({ method: UP.status, params: report }),
      store: (report) => this.store(task, report),
    });
    this.running.set(task.id, task);
    this.emit({ type: 'task', id: task.id, skill: task.skill });
    void this.work(task);
  }

  private async work(task: BotTask): Promise<void> {
    try {
      const result = await this.options.onTask(task);
      this.finish(task, { task, status: 'completed', report: (broken) => completed(task, result, broken) });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const report = () => ({ id: task.id, status: 'failed', error: text });
      this.finish(task, { task, status: 'failed', report });
    }
  }

  private finish(task: BotTask, held: Held): void {
    if (this.running.get(task.id) !== task) return;
    this.running.delete(task.id);
    if (!task.signal.aborted) {
      this.held.set(task.id, held);
      this.sendHeld(held);
    }
    this.noticeRest();
  }

  private sendHeld(held: Held): void {
    const { task } = held;
    this.socket.send({ method: UP.status, params: held.report(this.broken.has(task)), id: task.id });
  }

  private store(task: BotTask, report: JsonObject): Promise<void> {
    const id = `piece-${++this.reports}`;
    if (!this.socket.send({ method: UP.status, params: report, id })) {
      this.broken.add(task);
      return Promise.resolve();
    }
    return new Promise((stored) => this.unstored.set(id, stored));
  }

  private answered(id: string, error: string | undefined): void {
    this.unstored.get(id)?.();
    this.unstored.delete(id);
    const held = this.held.get(id);
    if (!held) return;
    this.held.delete(id);
    this.broken.delete(held.task);
    if (error === undefined) this.emit({ type: 'stored', id, status: held.status });
    else this.emit({ type: 'refused', id, message: error });
    this.noticeRest();
  }

  private cancel(id: string): void {
    const task = this.running.get(id);
    this.held.delete(id);
    if (!task) return;
    this.running.delete(id);
    this.broken.delete(task);
    task.abort('canceled');
    this.emit({ type: 'canceled', id });
    this.noticeRest();
  }

  private lost(code: number, reason: string, retryMs: number | undefined): void {
    for (const task of this.running.values()) if (task.hasAppended) this.broken.add(task);
    for (const { task } of this.held.values()) if (task.hasAppended) this.broken.add(task);
    for (const stored of this.unstored.values()) stored();
    this.unstored.clear();
    this.emit({ type: 'disconnected', code, reason, ...(retryMs !== undefined && { retryMs }) });
  }

  private end(error: Error | undefined): void {
    for (const task of this.running.values()) task.abort('the bot has ended');
    this.running.clear();
    this.started.reject(error ?? new Error('the bot was closed'));
    this.over.resolve(error);
    for (const resolve of this.idle) resolve();
  }

  private noticeRest(): void {
    if (this.running.size === 0 && this.held.size === 0) for (const resolve of this.idle) resolve();
  }

  /** Resolves when nothing is under way, or after `ms`. */
  private async rest(ms: number): Promise<void> {
    if (this.running.size === 0 && this.held.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.idle.add(resolve);
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  private emit(event: BotEvent): void {
    this.options.onEvent?.(event);
  }
}

/** The report of a result. Pieces that the gateway surely has are not sent again. */
function completed(task: BotTask, result: BotResult, broken: boolean): JsonObject {
  const { id } = task;
  if (result !== undefined) return { id, status: 'completed', artifact: asArtifact(result) };
  if (!task.hasAppended) return { id, status: 'completed' };
  return broken ? { id, status: 'completed', artifact: task.appended } : { id, status: 'completed' };
}

const asArtifact = (result: NonNullable<BotResult>): Artifact =>
  typeof result === 'string' ? { text: result } : (result as Artifact);

/**
 * Connects a bot and keeps it connected: it answers pings, comes back with growing pauses, holds results until the gateway
 * has stored them, and goes on with its tasks over a lost connection.
 *
 * ```js
 * const bot = connectBot({
 *   url: 'ws://127.0.0.1:8080/agent/register',
 *   card: { name: 'echo', skills: ['echo'] },
 *   onTask: (task) => `echo: ${task.instruction}`,
 * });
 * await bot.ready;
 * ```
 */
export const connectBot = (options: BotOptions): Bot => new Bot(options);
