import { Injectable } from '@nestjs/common';
import { WebhooksConfig } from '../../config/webhooks.config.js';
import type { AgentMessage } from '../../core/agent-message.js';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { agentKey, IdSource, type AgentName, type AgentRef } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import { Members } from '../members/members.service.js';
import type { Member } from '../../core/member.js';
import { storageUnavailable } from '../tasks/submissions.js';
import { TasksService } from '../tasks/tasks.service.js';
import type { MessageRecord } from '../../core/message-record.js';
import { MessageStore } from './message.store.js';
import { PullConnection, type PulledItem } from './pull-connection.js';
import { Turns } from './turns.js';

/** One thing that a worker is given, with the end of its lease. */
export type Handed = { readonly leaseId: string; readonly until: number } & (
  | { readonly kind: 'message'; readonly message: AgentMessage }
  | { readonly kind: 'task' | 'cancel'; readonly item: PulledItem }
);

export interface PullRequest {
  /** Most things to hand out. */
  readonly limit: number;
  /** How long to wait for the first one, milliseconds. */
  readonly waitMs: number;
  /** Aborted when whoever asks is gone: nothing is leased to it then. */
  readonly signal: AbortSignal;
}

/** Agents without an address: what is for them waits here until they ask, is leased to whoever asks, and goes when acknowledged. */
@Injectable()
export class Inbox {
  private readonly sleepers = new Map<string, Set<() => void>>();
  /** Per inbox: one look at a time, so that two workers never get the same message. */
  private readonly turns = new Turns();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly config: WebhooksConfig,
    private readonly members: Members,
    private readonly tasks: TasksService,
    private readonly store: MessageStore,
  ) {}

  /** The connection of a member that pulls. */
  connect(member: Member): PullConnection {
    const { clock, ids, tasks } = this;
    const leaseMs = this.config.inboxLease;
    return new PullConnection(member, { clock, ids, tasks, leaseMs, wake: ({ ref }) => this.wake(ref) });
  }

  /**
   * Lays a message in; resolves when it is on disk.
   * @throws GatewayError OVERLOADED (the inbox is full), STORAGE_UNAVAILABLE
   */
  async put(record: MessageRecord): Promise<void> {
    const ref = { namespace: record.namespace, name: record.to };
    const { inboxLimit } = this.config;
    if ((await this.store.backlog(ref, inboxLimit)) >= inboxLimit)
      throw new GatewayError('OVERLOADED', `inbox: ${inboxLimit} messages wait for this agent already`, {
        retryAfterS: 5,
      });
    await this.store.put(record);
    this.arrived(record);
  }

  /** A message has been laid in by somebody else. */
  arrived({ namespace, to: name }: MessageRecord): void {
    this.wake({ namespace, name });
  }

  /**
   * Leases what waits for a member, or waits for it; empty when the time is over.
   * @throws GatewayError AGENT_NOT_FOUND, FORBIDDEN; CONFLICT for a member that has a webhook
   */
  async take(caller: Principal, name: AgentName, request: PullRequest): Promise<readonly Handed[]> {
    let connection = this.pulling(caller, name);
    const { ref } = connection.member;
    const until = this.clock.now() + request.waitMs;
    // Leases of the process before lapse without a bell; and whoever waits here is alive.
    const restMs = Math.min(this.config.inboxLease, this.config.heartbeatTimeout / 3);
    for (;;) {
      const bell = this.listen(ref);
      try {
        const handed = await this.turns.take(agentKey(ref), () => this.look(connection, request));
        const left = until - this.clock.now();
        if (handed.length > 0 || left <= 0 || request.signal.aborted || !connection.agent) return handed;
        await this.rest(bell.rung, Math.min(left, restMs), request.signal);
        if (request.signal.aborted || this.members.byRef(ref)?.state !== 'online') return [];
        connection = this.pulling(caller, name);
      } finally {
        bell.stop();
      }
    }
  }

  /** Takes these out of the inbox. @returns those that were in it */
  async acknowledge(caller: Principal, name: AgentName, ids: readonly string[]): Promise<readonly string[]> {
    const connection = this.pulling(caller, name);
    const { ref } = connection.member;
    const items = connection.acknowledge(new Set(ids));
    const messages = await this.store.held(ref, ids);
    if (messages.length > 0) await this.store.acknowledge(ref, messages, this.clock.now());
    return [...items, ...messages];
  }

  /** Leases begin anew. @returns the ids that are still leased, and until when */
  async extend(
    caller: Principal,
    name: AgentName,
    ids: readonly string[],
    leaseMs = this.config.inboxLease,
  ): Promise<{ readonly ids: readonly string[]; readonly until: number }> {
    const connection = this.pulling(caller, name);
    const { ref } = connection.member;
    const until = this.clock.now() + leaseMs;
    const items = connection.extend(new Set(ids), leaseMs);
    const messages = await this.store.held(ref, ids);
    if (messages.length > 0) await this.store.extend(ref, messages, until);
    this.wakeAt(ref, leaseMs);
    return { ids: [...items, ...messages], until };
  }

  private pulling(caller: Principal, name: AgentName): PullConnection {
    const connection = this.members.present(caller, name);
    if (connection instanceof PullConnection) return connection;
    throw new GatewayError('CONFLICT', 'agent_id: this agent has a webhook, nothing waits for it here');
  }

  /** Nothing is leased to somebody who has gone while it was another's turn. */
  private async look(connection: PullConnection, { limit, signal }: PullRequest): Promise<Handed[]> {
    if (signal.aborted) return [];
    // A task is on record as begun before it is handed out: there is no record to be had now.
    if (!this.store.available) throw storageUnavailable();
    const leaseId = `lease-${this.ids.uuid()}`;
    const items = await connection.take(limit);
    const handed = items.map((item) => ({ kind: item.kind, leaseId, until: item.until, item }));
    return [...handed, ...(await this.messages(connection.member.ref, leaseId, limit - items.length))];
  }

  private async messages(inbox: AgentRef, leaseId: string, limit: number): Promise<Handed[]> {
    if (limit <= 0) return [];
    const now = this.clock.now();
    const waiting = await this.store.waiting(inbox, now, limit);
    if (waiting.length === 0) return [];
    const until = now + this.config.inboxLease;
    await this.store.lease({ inbox, ids: waiting.map(({ message }) => message.id), leaseId, until });
    this.wakeAt(inbox, this.config.inboxLease);
    return waiting.map(({ message }) => ({ kind: 'message' as const, leaseId, until, message }));
  }

  /** Rings once, at the first thing that comes from now on. */
  private listen(ref: AgentRef): { readonly rung: Promise<void>; stop(): void } {
    const key = agentKey(ref);
    const { promise, resolve } = Promise.withResolvers<void>();
    const sleepers = this.sleepers.get(key) ?? new Set();
    this.sleepers.set(key, sleepers.add(resolve));
    const stop = () => {
      sleepers.delete(resolve);
      if (sleepers.size === 0 && this.sleepers.get(key) === sleepers) this.sleepers.delete(key);
    };
    return { rung: promise, stop };
  }

  private async rest(rung: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.clock.after(ms, () => over.resolve());
    const gone = () => over.resolve();
    signal.addEventListener('abort', gone, { once: true });
    await Promise.race([rung, over.promise]);
    signal.removeEventListener('abort', gone);
    timer.cancel();
  }

  private wake(ref: AgentRef): void {
    for (const ring of this.sleepers.get(agentKey(ref)) ?? []) ring();
  }

  /** When a lease has lapsed, its messages are there again. */
  private wakeAt(ref: AgentRef, leaseMs: number): void {
    this.clock.after(leaseMs + 1, () => this.wake(ref));
  }
}
