import { Injectable, Logger } from '@nestjs/common';
import { OutboxConfig } from '../../config/outbox.config.js';
import { Clock } from '../../core/clock.js';
import type { Delivery, DeliveryOutcome, DeliverySummary } from '../../core/delivery.js';
import type { Deliverer } from './deliverer.js';
import { Endpoint } from './endpoint.js';
import { OutboxStore, type Settlement } from './outbox.store.js';
import { pauseAfter } from './retry-policy.js';

/** How soon it looks again while the storage takes no writes, milliseconds. */
const STORAGE_PAUSE_MS = 1_000;
const EXPIRED = 'too old: it was given up without another try';

/** For those who count. */
export interface DeliveryObserver {
  /** A try has ended; `ms` undefined: given up without one. */
  tried(kind: string, outcome: 'delivered' | 'failed' | 'dead', ms: number | undefined): void;
}

/**
 * Tries what is due. The store is the queue: of an endpoint it holds no more in memory than what is under way, and
 * reads the next when there is room. Endpoints do not wait for each other: each has its own limit, its own breaker and
 * its own alarm.
 */
@Injectable()
export class DeliveryLoop {
  private readonly logger = new Logger('Outbox');
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly deliverers = new Map<string, Deliverer>();
  private readonly observers: DeliveryObserver[] = [];
  /** Endpoints that have to wait until the gateway as a whole has room, first come, first served. */
  private readonly starved = new Set<Endpoint>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private trying = 0;
  private started = false;

  constructor(
    private readonly clock: Clock,
    private readonly config: OutboxConfig,
    private readonly store: OutboxStore,
  ) {}

  register(kind: string, deliverer: Deliverer): void {
    this.deliverers.set(kind, deliverer);
  }

  observe(observer: DeliveryObserver): void {
    this.observers.push(observer);
  }

  /** Takes up what the last process left. */
  async start(): Promise<void> {
    this.started = true;
    for (const key of await this.store.endpoints()) this.touch(key);
  }

  /** Begins no more tries; waits for those under way, for at most `budgetMs`, then cuts them off: they will be repeated. */
  async stop(budgetMs: number): Promise<void> {
    this.started = false;
    for (const endpoint of this.endpoints.values()) endpoint.wake(undefined);
    const over = Promise.withResolvers<void>();
    const timer = this.clock.after(budgetMs, over.resolve);
    await Promise.race([Promise.all(this.underWay), over.promise]);
    timer.cancel();
    this.stopping.abort();
  }

  /** Something may be due at an endpoint. */
  touch(key: string): void {
    if (!this.started) return;
    let endpoint = this.endpoints.get(key);
    if (!endpoint) this.endpoints.set(key, (endpoint = new Endpoint(key, this.config.concurrency)));
    this.visit(endpoint);
  }

  /** One look at a time per endpoint. */
  private visit(endpoint: Endpoint): void {
    endpoint.again = true;
    if (endpoint.looking) return;
    endpoint.looking = true;
    void this.lookWhileAsked(endpoint);
  }

  private async lookWhileAsked(endpoint: Endpoint): Promise<void> {
    while (endpoint.again && this.started) {
      endpoint.again = false;
      try {
        await this.look(endpoint);
      } catch (error) {
        this.logger.error(`deliveries cannot be read: ${String(error)}`);
        this.wakeAt(endpoint, this.clock.now() + STORAGE_PAUSE_MS);
      }
    }
    endpoint.looking = false;
  }

  private async look(endpoint: Endpoint): Promise<void> {
    const now = this.clock.now();
    if (!this.store.available) return this.wakeAt(endpoint, now + STORAGE_PAUSE_MS);
    const room = endpoint.room(now);
    if (room === 0) {
      // Whoever is under way looks again when he is done.
      if (endpoint.trying === 0) this.wakeAt(endpoint, endpoint.breaker.retryAt);
      return;
    }
    const found = await this.store.pending(endpoint.key, room + endpoint.busy.size + 1);
    const waiting = found.filter(({ id }) => !endpoint.busy.has(id));
    let free = room;
    for (const one of waiting) {
      if (one.dueAt > now) return this.wakeAt(endpoint, one.dueAt);
      if (free-- === 0) return;
      if (this.trying >= this.config.maxConcurrency) return void this.starved.add(endpoint);
      this.begin(endpoint, one);
    }
    this.forgetIfIdle(endpoint, waiting.length);
  }

  private forgetIfIdle(endpoint: Endpoint, waiting: number): void {
    if (waiting > 0 || endpoint.busy.size > 0 || endpoint.again) return;
    endpoint.wake(undefined);
    this.endpoints.delete(endpoint.key);
  }

  private wakeAt(endpoint: Endpoint, at: number): void {
    endpoint.wake(this.clock.after(Math.max(at - this.clock.now(), 1), () => this.touch(endpoint.key)));
  }

  private begin(endpoint: Endpoint, summary: DeliverySummary): void {
    endpoint.busy.add(summary.id);
    endpoint.trying++;
    this.trying++;
    const run: Promise<void> = this.run(endpoint, summary).then(
      () => this.done(endpoint, summary, run),
      (error: unknown) => {
        this.logger.error(`delivery ${summary.id}: its try cannot be recorded: ${String(error)}`);
        // Not at once: whatever is wrong, its receiver is not to be flooded.
        this.clock.after(STORAGE_PAUSE_MS, () => this.done(endpoint, summary, run));
      },
    );
    this.underWay.add(run);
  }

  private done(endpoint: Endpoint, { id }: DeliverySummary, run: Promise<void>): void {
    this.underWay.delete(run);
    endpoint.busy.delete(id);
    if (this.started) this.visit(endpoint);
  }

  private async run(endpoint: Endpoint, summary: DeliverySummary): Promise<void> {
    const started = this.clock.now();
    const delivery = await this.store.get(summary.id);
    const expired = summary.expiresAt <= started;
    const outcome = delivery && !expired ? await this.attempt(delivery) : undefined;
    this.free(endpoint, outcome);
    // Cut off by the end of the gateway, it has not failed: it is repeated at the next start.
    if (!delivery || (this.stopping.signal.aborted && !outcome?.ok)) return;
    const settlement = this.judge(delivery, outcome, started);
    await this.store.settle(summary, settlement);
    this.report(delivery, settlement, outcome);
    if (settlement.state === 'dead') await this.deliverers.get(delivery.kind)?.gaveUp?.(delivery, outcome);
  }

  private async attempt(delivery: Delivery): Promise<DeliveryOutcome> {
    const deliverer = this.deliverers.get(delivery.kind);
    if (!deliverer)
      return { ok: false, error: `nothing here delivers the kind ${delivery.kind}`, alive: true };
    try {
      return await deliverer.send(delivery, this.stopping.signal);
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** The try is over: others may begin, before its result is on disk. */
  private free(endpoint: Endpoint, outcome: DeliveryOutcome | undefined): void {
    endpoint.trying--;
    this.trying--;
    this.tell(endpoint, outcome);
    // As many as there is room for: one of them may find that it has nothing to do, and would keep the turn to itself.
    for (const first of [...this.starved].slice(0, this.config.maxConcurrency - this.trying)) {
      this.starved.delete(first);
      this.visit(first);
    }
    this.visit(endpoint);
  }

  private tell({ breaker }: Endpoint, outcome: DeliveryOutcome | undefined): void {
    if (!outcome || this.stopping.signal.aborted) return;
    const now = this.clock.now();
    if (outcome.ok || outcome.alive) return breaker.succeeded();
    if (outcome.final) return; // says nothing about the others
    breaker.failed(now);
    if (outcome.retryAfterMs !== undefined) breaker.pause(now + outcome.retryAfterMs);
  }

  private judge(delivery: Delivery, outcome: DeliveryOutcome | undefined, started: number): Settlement {
    const now = this.clock.now();
    if (!outcome) return { state: 'dead', attempt: null, error: EXPIRED, at: now };
    const { status } = outcome;
    const error = outcome.ok ? undefined : outcome.error;
    const attempt = { at: started, ms: now - started, status, error };
    if (outcome.ok) return { state: 'delivered', attempt, error: null, at: now };
    const pause = outcome.final
      ? undefined
      : pauseAfter(this.config, delivery, Math.random(), outcome.retryAfterMs);
    if (pause === undefined) return { state: 'dead', attempt, error: outcome.error, at: now };
    return { state: 'pending', attempt, error: outcome.error, at: now + pause };
  }

  private report(delivery: Delivery, { state, attempt, error }: Settlement, outcome?: DeliveryOutcome): void {
    const word = state === 'pending' ? 'failed' : state;
    for (const observer of this.observers) observer.tried(delivery.kind, word, attempt?.ms);
    if (state === 'dead')
      this.logger.warn(
        `delivery ${delivery.id} (${delivery.kind}) is given up after ${delivery.attempts + (outcome ? 1 : 0)} tries: ${error}`,
      );
  }
}
