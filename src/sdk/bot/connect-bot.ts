import type { JsonObject } from '../../core/json.js';
import { artifactId, type Artifact } from '../../core/task.js';
import { UP, type RegisterResult } from '../../protocols/bot/bot.wire.js';
import type { BotEvent, BotOptions, BotResult } from './bot-options.js';
import { BotSocket } from './bot-socket.js';
import { BotTask, Rejection, type TaskFrame } from './bot-task.js';

/** How long {@link Bot.close} waits for what is under way, milliseconds. */
const CLOSE_MS = 10_000;

/** A result that the gateway has not confirmed yet. */
interface Held {
  readonly task: BotTask;
  readonly status: 'completed' | 'failed' | 'rejected';
  /** Its reports; `broken`: the connection was lost since the first piece, so pieces may be missing there. */
  reports(broken: boolean): JsonObject[];
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
  /** Questions that the gateway has not stored yet, by the ids of their reports. */
  private readonly questions = new Map<string, { readonly task: BotTask; readonly report: JsonObject }>();
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
    for (const task of this.running.values()) if (task.isAsking) task.abort('the bot closes');
    await this.rest(timeoutMs);
    for (const task of this.running.values()) task.abort('the bot closes');
    this.socket.close();
    await this.ended;
  }

  private registered(result: RegisterResult): void {
    this.emit({ type: 'registered', namespace: result.namespace, agentId: result.agent_id });
    this.started.resolve();
    for (const [id, { report: params }] of this.questions)
      this.socket.send({ method: UP.status, params, id });
    for (const held of this.held.values()) this.sendHeld(held);
  }

  private take(frame: TaskFrame): void {
    const known = this.running.get(frame.id);
    if (this.held.has(frame.id)) return this.sendHeld(this.held.get(frame.id)!);
    if (known && frame.metadata['continuation'] === true) return this.continue(known, frame);
    // Sent again after a loss: what has begun goes on, unless pieces or questions of it belong to the dispatch before.
    if (known && !known.hasAppended && !known.isAsking) return;
    known?.abort('dispatched anew');
    const task: BotTask = new BotTask(frame, {
      tell: (report) => void this.socket.send({ method: UP.status, params: report }),
      store: (report) => this.store(task, report),
      ask: (report) => this.ask(task, report),
    });
    this.running.set(task.id, task);
    this.emit({ type: 'task', id: task.id, skill: task.skill });
    void this.work(task);
  }

  /** The caller has answered. Sent again after a loss: it is known. */
  private continue(task: BotTask, { id, message }: TaskFrame): void {
    if (!task.isAsking) return;
    this.forgetQuestions(task); // who is answered was heard
    this.emit({ type: 'answered', id });
    task.answer(message);
  }

  private ask(task: BotTask, report: JsonObject): void {
    const id = `question-${++this.reports}`;
    this.questions.set(id, { task, report });
    this.emit({ type: 'asked', id: task.id });
    this.socket.send({ method: UP.status, params: report, id });
    this.noticeRest();
  }

  private forgetQuestions(task: BotTask): void {
    for (const [id, question] of this.questions) if (question.task === task) this.questions.delete(id);
  }

  private async work(task: BotTask): Promise<void> {
    try {
      const result = await this.options.onTask(task);
      this.finish(task, { task, status: 'completed', reports: (broken) => completed(task, result, broken) });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const status = error instanceof Rejection ? 'rejected' : 'failed';
      this.finish(task, { task, status, reports: () => [{ id: task.id, status, error: text }] });
    }
  }

  private finish(task: BotTask, held: Held): void {
    if (this.running.get(task.id) !== task) return;
    this.running.delete(task.id);
    this.forgetQuestions(task);
    if (!task.signal.aborted) {
      this.held.set(task.id, held);
      this.sendHeld(held);
    }
    this.noticeRest();
  }

  private sendHeld(held: Held): void {
    const { task } = held;
    const reports = held.reports(this.broken.has(task));
    const end = reports.pop()!;
    for (const params of reports) this.socket.send({ method: UP.status, params });
    this.socket.send({ method: UP.status, params: end, id: task.id });
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
    this.questionStored(id, error);
    const held = this.held.get(id);
    if (!held) return;
    this.held.delete(id);
    this.broken.delete(held.task);
    if (error === undefined) this.emit({ type: 'stored', id, status: held.status });
    else this.emit({ type: 'refused', id, message: error });
    this.noticeRest();
  }

  private questionStored(id: string, error: string | undefined): void {
    const question = this.questions.get(id);
    this.questions.delete(id);
    if (!question || error === undefined) return;
    const { task } = question;
    this.running.delete(task.id);
    task.abort(error);
    this.emit({ type: 'refused', id: task.id, message: error });
    this.noticeRest();
  }

  private cancel(id: string): void {
    const task = this.running.get(id);
    this.held.delete(id);
    if (!task) return;
    this.running.delete(id);
    this.broken.delete(task);
    this.forgetQuestions(task);
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
    if (this.isIdle) for (const resolve of this.idle) resolve();
  }

  /** Who waits for his caller is not at work. */
  private get isIdle(): boolean {
    return this.held.size === 0 && [...this.running.values()].every((task) => task.isAsking);
  }

  /** Resolves when nothing is under way, or after `ms`. */
  private async rest(ms: number): Promise<void> {
    if (this.isIdle) return;
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

/**
 * The reports of a result; the last one ends the task. What the gateway surely has is not sent again; else each artifact goes
 * as a whole, in the place of what is there.
 */
function completed({ id, appended }: BotTask, result: BotResult, broken: boolean): JsonObject[] {
  const end = { id, status: 'completed' };
  const made = result === undefined ? [] : [asArtifact(result)];
  if (!broken) return [{ ...end, ...(made[0] && { artifact: made[0] }) }];
  const replaced = made.map(artifactId);
  const all = [...appended.filter((artifact) => !replaced.includes(artifactId(artifact))), ...made];
  const last = all.pop();
  const others = all.map((artifact) => ({ id, status: 'running', artifact }));
  return [...others, { ...end, ...(last && { artifact: last }) }];
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
