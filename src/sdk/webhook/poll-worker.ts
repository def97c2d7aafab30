import type { JsonObject } from '../../core/json.js';
import type { InboxWire, PulledWire } from '../../protocols/webhook/webhook.wire.js';
import type { PushWire } from '../../transport/agents/message.wire.js';
import { Backoff, pause } from '../backoff.js';
import { GatewayRefusal } from '../orchestrator/errors.js';
import { GatewayHttp, type ClientOptions } from '../orchestrator/http.js';
import { AgentTask, reportOf, type AgentReport, type OnTask } from './agent-task.js';

/** How long one poll waits at the gateway. */
const WAIT = '30s';
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Leases are extended when this share of them has passed. */
const EXTEND_AT = 1 / 2;
const DEFAULT_CONCURRENCY = 1;

export interface PollWorkerOptions {
  /** The gateway. */
  readonly gateway: ClientOptions;
  readonly agentId: string;
  /** Ids of its skills. Several workers of one agent share its inbox. */
  readonly capabilities?: readonly string[];
  /** More fields for the registration: agent_name, agent_type, description, metadata, namespace. */
  readonly card?: JsonObject;
  readonly onTask?: OnTask;
  readonly onMessage?: (message: PushWire) => void | Promise<void>;
  /** Things at the same time; 1 by default. */
  readonly concurrency?: number;
  /** What went wrong and is tried again. */
  readonly onError?: (error: unknown) => void;
}

/** An agent that has no address: it asks the gateway for its work, keeps the leases of what it works on, and reports. */
export class PollWorker {
  /** Resolves at the first registration; rejects when the gateway refuses it. */
  readonly ready: Promise<void>;
  private readonly http: GatewayHttp;
  private readonly stopping = new AbortController();
  private readonly running = new Map<string, AbortController>();
  private readonly work = new Set<Promise<void>>();
  private readonly loop: Promise<void>;

  constructor(private readonly options: PollWorkerOptions) {
    this.http = new GatewayHttp(options.gateway);
    this.ready = this.register();
    this.ready.catch(() => undefined); // whoever does not wait for it learns by onError
    this.loop = this.run();
  }

  /** Asks for no more, waits until what is under way is done (at most `timeoutMs`), and ends. */
  async close({ timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.stopping.abort(new Error('the worker closes'));
    const patience = AbortSignal.timeout(timeoutMs);
    await Promise.race([
      Promise.all([this.loop, ...this.work]),
      pause(timeoutMs, patience).catch(() => undefined),
    ]);
    for (const control of this.running.values()) control.abort(new Error('the worker closes'));
  }

  private async register(): Promise<void> {
    const { agentId, capabilities = [], card, concurrency = DEFAULT_CONCURRENCY } = this.options;
    const about = { agent_id: agentId, capabilities: [...capabilities], max_concurrency: concurrency };
    await this.post('/gateway/register', { ...card, ...about, delivery: 'pull' });
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    const { signal } = this.stopping;
    await this.ready.catch((error: unknown) => this.options.onError?.(error));
    while (!signal.aborted)
      try {
        await this.turn();
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.options.onError?.(error);
        await pause(backoff.next(), signal).catch(() => undefined);
        if (isForgotten(error))
          await this.register().catch((again: unknown) => this.options.onError?.(again));
      }
  }

  private async turn(): Promise<void> {
    const { agentId, concurrency = DEFAULT_CONCURRENCY } = this.options;
    if (this.work.size >= concurrency) return void (await Promise.race(this.work));
    const path = `/gateway/inbox/${encodeURIComponent(agentId)}?wait=${WAIT}&limit=${concurrency - this.work.size}`;
    const { signal } = this.stopping;
    const { messages } = await this.http.json<InboxWire>({ path, repeatable: false, signal });
    for (const item of messages) this.begin(item);
  }

  private begin(item: PulledWire): void {
    const done: Promise<void> = this.take(item)
      .catch((error: unknown) => this.options.onError?.(error))
      .finally(() => this.work.delete(done));
    this.work.add(done);
  }

  /** What fails is not acknowledged: it is handed out again. */
  private async take(item: PulledWire): Promise<void> {
    if (item.kind === 'cancel') this.running.get(item.task_id ?? '')?.abort(new Error('canceled'));
    if (item.kind === 'task') return this.keeping(item, () => this.perform(item));
    if (item.kind === 'message') await this.keeping(item, async () => this.options.onMessage?.(item));
    await this.inbox('ack', item);
  }

  private async perform(item: PulledWire): Promise<void> {
    const { onTask = refuse } = this.options;
    const control = new AbortController();
    const task = new AgentTask(item, control.signal, (id, report) => this.tell(id, report));
    this.running.set(task.id, control);
    const report = await reportOf(task, onTask).finally(() => this.running.delete(task.id));
    await task.report(report);
  }

  /** Extends the lease as long as the work goes on. */
  private async keeping(item: PulledWire, work: () => Promise<void>): Promise<void> {
    const done = new AbortController();
    void this.extend(item, done.signal);
    try {
      await work();
    } finally {
      done.abort();
    }
  }

  private async extend(item: PulledWire, done: AbortSignal): Promise<void> {
    const everyMs = Math.max(100, (Date.parse(item.lease_expires_at) - Date.now()) * EXTEND_AT);
    for (;;) {
      await pause(everyMs, done).catch(() => undefined);
      if (done.aborted) return;
      await this.inbox('extend', item).catch((error: unknown) => this.options.onError?.(error));
    }
  }

  private inbox(verb: 'ack' | 'extend', item: PulledWire): Promise<void> {
    const path = `/gateway/inbox/${encodeURIComponent(this.options.agentId)}/${verb}`;
    return this.post(path, { message_ids: [item.message_id] });
  }

  private tell(taskId: string, report: AgentReport): Promise<void> {
    return this.post(`/gateway/tasks/${encodeURIComponent(taskId)}/status`, report);
  }

  private async post(path: string, body: JsonObject): Promise<void> {
    await this.http.json({ method: 'POST', path, body, repeatable: true });
  }
}

/** The gateway has no agent of that name (any more): it said goodbye, or the data are new. */
const isForgotten = (error: unknown): boolean => error instanceof GatewayRefusal && error.status === 404;

const refuse: OnTask = () => {
  throw new Error('this agent takes no tasks');
};
