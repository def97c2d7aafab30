import { newMessageId, type MessageId } from '../../core/agent-message.js';
import type { Clock, Timer } from '../../core/clock.js';
import type { IdSource, TaskId } from '../../core/ids.js';
import { MemberConnection } from '../members/member-connection.js';
import type { Member } from '../../core/member.js';
import type { Assignment } from '../registry/agent-connection.js';
import type { TasksService } from '../tasks/tasks.service.js';

/** What all pulling connections share. */
export interface PullContext {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly tasks: TasksService;
  /** Milliseconds for which what is handed out belongs to who got it. */
  readonly leaseMs: number;
  /** Something has come for this member. */
  wake(member: Member): void;
}

/** A task, or word that one is canceled, as it is handed out. */
export interface PulledItem {
  readonly kind: 'task' | 'cancel';
  readonly messageId: MessageId;
  readonly taskId: TaskId;
  /** Of a task; absent for `cancel`. */
  readonly assignment: Assignment | undefined;
  /** When the engine handed it over, milliseconds since the epoch. */
  readonly at: number;
}

interface Held {
  readonly item: PulledItem;
  /** There while somebody has it. */
  lease: { readonly until: number; readonly timer: Timer } | undefined;
  /** Whoever has it has acknowledged it: from now on the task's own timeout counts. */
  accepted: boolean;
}

/**
 * An agent that asks for its work. Tasks wait here until a worker leases one, which begins it; a lease that lapses gives
 * the task back to the engine, which raises its attempt and hands it out again, so that of two workers one is heard.
 */
export class PullConnection extends MemberConnection {
  override readonly kind = 'pull';
  private readonly held = new Map<TaskId, Held>();
  private closed = false;

  constructor(
    member: Member,
    private readonly context: PullContext,
  ) {
    super(member);
  }

  override assign(assignment: Assignment): void {
    this.hold('task', assignment.taskId, assignment);
    this.context.wake(this.member);
  }

  /** Nobody needs to hear of the end of a task that nobody has. */
  override cancel(taskId: TaskId): void {
    const held = this.held.get(taskId);
    this.drop(taskId);
    if (!held?.lease && !held?.accepted) return;
    this.hold('cancel', taskId, undefined);
    this.context.wake(this.member);
  }

  /**
   * A task that was begun before the connection was lost, or the gateway restarted. Whether it had been acknowledged is not
   * known any more, so it is taken to be: the timeout of the task counts, and nobody who works on it loses it.
   */
  override stillHas(taskId: TaskId): boolean {
    (this.held.get(taskId) ?? this.hold('task', taskId, undefined)).accepted = true;
    return true;
  }

  override reported(taskId: TaskId, over: boolean): void {
    const held = this.held.get(taskId);
    if (over) this.drop(taskId);
    else if (held?.lease) this.startLease(held);
  }

  override close(): void {
    this.closed = true;
    for (const taskId of [...this.held.keys()]) this.drop(taskId);
    this.context.wake(this.member);
  }

  /** Leases at most `limit` waiting items; a task is on record as begun before it is handed out. */
  async take(limit: number): Promise<readonly (PulledItem & { readonly until: number })[]> {
    const free = [...this.held.values()].filter(({ lease, accepted }) => !lease && !accepted).slice(0, limit);
    for (const held of free) this.startLease(held);
    const taken = await Promise.all(free.map((held) => this.begin(held)));
    return taken.filter((item) => item !== undefined);
  }

  /** Which of these it has handed out; their leases end, and from now on the timeout of the task counts. */
  acknowledge(ids: ReadonlySet<string>): string[] {
    return this.each(ids, (held) => {
      held.lease?.timer.cancel();
      held.lease = undefined;
      held.accepted = true;
      if (held.item.kind === 'cancel') this.drop(held.item.taskId);
    });
  }

  /** Which of these it has handed out; their leases begin anew. */
  extend(ids: ReadonlySet<string>, leaseMs: number): string[] {
    return this.each(ids, (held) => this.startLease(held, leaseMs));
  }

  private each(ids: ReadonlySet<string>, act: (held: Held) => void): string[] {
    const mine = [...this.held.values()].filter(
      ({ item, lease, accepted }) => (lease || accepted) && ids.has(item.messageId),
    );
    for (const held of mine) act(held);
    return mine.map(({ item }) => item.messageId);
  }

  private hold(kind: PulledItem['kind'], taskId: TaskId, assignment: Assignment | undefined): Held {
    this.drop(taskId);
    const { clock, ids } = this.context;
    const item = { kind, messageId: newMessageId(ids), taskId, assignment, at: clock.now() };
    const held: Held = { item, lease: undefined, accepted: false };
    this.held.set(taskId, held);
    return held;
  }

  private async begin(held: Held): Promise<(PulledItem & { readonly until: number }) | undefined> {
    const { item } = held;
    const { attempt } = item.assignment ?? {};
    if (item.kind === 'task' && this.agent && attempt !== undefined)
      try {
        await this.context.tasks.report(this.agent, item.taskId, { status: 'running', attempt });
      } catch {
        if (this.held.get(item.taskId) === held) this.drop(item.taskId);
        return undefined; // it has been taken back meanwhile
      }
    return held.lease && this.held.get(item.taskId) === held
      ? { ...item, until: held.lease.until }
      : undefined;
  }

  private startLease(held: Held, leaseMs = this.context.leaseMs): void {
    if (this.closed) return;
    held.lease?.timer.cancel();
    const timer = this.context.clock.after(leaseMs, () => this.lapsed(held));
    held.lease = { until: this.context.clock.now() + leaseMs, timer };
  }

  /** A caller's answer is for the agent that asked for it, so it is handed out again here, until the task's own timeout. */
  private lapsed(held: Held): void {
    held.lease = undefined;
    const stays = held.item.kind === 'cancel' || held.item.assignment?.continuation;
    if (stays) return this.context.wake(this.member);
    this.drop(held.item.taskId);
    if (this.agent) this.context.tasks.giveBack(this.agent, held.item.taskId);
  }

  private drop(taskId: TaskId): void {
    this.held.get(taskId)?.lease?.timer.cancel();
    this.held.delete(taskId);
  }
}
