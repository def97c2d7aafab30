import type { Delivery, DeliveryAttempt, DeliverySummary } from '../../src/core/delivery.js';
import { GatewayError } from '../../src/core/errors.js';
import type { Follower } from '../../src/core/follower.js';
import type { Namespace, TaskId } from '../../src/core/ids.js';
import { FollowerStore, type FollowerStep } from '../../src/engine/messages/follower.store.js';
import {
  OutboxStore,
  type DeliveryCounts,
  type DeliveryFilter,
  type DeliveryGroup,
  type DeliveryKey,
  type DeliveryPage,
  type NewDeliveryRecord,
  type Settlement,
} from '../../src/engine/messages/outbox.store.js';

interface Stored {
  delivery: Delivery;
  readonly position: number;
  readonly attempts: DeliveryAttempt[];
}

/** The outbox in memory. Writes are done at once, in order; `down` plays a storage that refuses them. */
export class MemoryOutboxStore extends OutboxStore {
  private readonly stored = new Map<string, Stored>();
  private position = 0;
  /** Kept writes that wait for the storage to come back. */
  private kept: (() => void)[] = [];
  private up = true;

  override get available(): boolean {
    return this.up;
  }

  set down(down: boolean) {
    this.up = !down;
    if (down) return;
    for (const write of this.kept) write();
    this.kept = [];
  }

  override enqueue(deliveries: readonly NewDeliveryRecord[]): Promise<void> {
    if (!this.up) return Promise.reject(unavailable());
    return this.insert(deliveries) ? Promise.resolve() : Promise.reject(conflict());
  }

  /** For the fake that does this together with something else; false: nothing was done. */
  insert(deliveries: readonly NewDeliveryRecord[]): boolean {
    if (deliveries.some(({ id }) => this.stored.has(id))) return false;
    for (const one of deliveries) {
      const state = this.inLine(one.order);
      const { createdAt: dueAt } = one;
      const delivery = { ...copy(one), state, attempts: 0, error: null, dueAt, endedAt: null };
      this.stored.set(one.id, { delivery, position: ++this.position, attempts: [] });
    }
    return true;
  }

  override settle({ id, order }: DeliveryKey, { state, attempt, error, at }: Settlement): Promise<void> {
    return this.keep(() => {
      const found = this.stored.get(id);
      if (!found) return;
      if (attempt) found.attempts.push(copy(attempt));
      if (found.delivery.state !== 'pending') return;
      const attempts = found.delivery.attempts + (attempt ? 1 : 0);
      const endedAt = state === 'pending' ? null : at;
      found.delivery = { ...found.delivery, state, attempts, error, dueAt: at, endedAt };
      if (endedAt !== null && order !== undefined) this.release(order);
    });
  }

  override abandon(group: DeliveryGroup, error: string, at: number): Promise<void> {
    return this.keep(() => {
      for (const found of this.open(group)) {
        const delivery = { ...found.delivery, state: 'dead' as const, error, endedAt: at };
        found.delivery = delivery;
      }
    });
  }

  override discard(order: string): Promise<void> {
    return this.keep(() => {
      for (const { delivery } of this.open({ order })) this.stored.delete(delivery.id);
    });
  }

  override redeliver({ id, order }: DeliveryKey, at: number, expiresAt: number): Promise<void> {
    if (!this.up) return Promise.reject(unavailable());
    const found = this.stored.get(id);
    if (found?.delivery.state !== 'dead') return Promise.reject(conflict());
    const state = this.inLine(order);
    found.delivery = { ...found.delivery, state, attempts: 0, dueAt: at, expiresAt, endedAt: null };
    return Promise.resolve();
  }

  override purge(endedBefore: number, limit: number): Promise<number> {
    if (!this.up) return Promise.reject(unavailable());
    const ended = this.all()
      .filter(({ delivery: { endedAt } }) => endedAt !== null && endedAt < endedBefore)
      .slice(0, limit);
    for (const { delivery } of ended) this.stored.delete(delivery.id);
    return Promise.resolve(ended.length);
  }

  override get(id: string): Promise<Delivery | undefined> {
    const found = this.stored.get(id);
    return Promise.resolve(found && copy(found.delivery));
  }

  override attempts(id: string): Promise<readonly DeliveryAttempt[]> {
    return Promise.resolve(copy(this.stored.get(id)?.attempts ?? []));
  }

  override list(
    namespace: Namespace | null,
    { status, kind, cursor, limit }: DeliveryFilter,
  ): Promise<DeliveryPage> {
    const before = cursor === undefined ? Infinity : (this.stored.get(cursor)?.position ?? 0);
    const found = this.all()
      .reverse()
      .filter(({ delivery, position }) => {
        const own = namespace === null || delivery.namespace === namespace;
        const wanted = [status ?? delivery.state, kind ?? delivery.kind];
        return own && position < before && wanted[0] === delivery.state && wanted[1] === delivery.kind;
      });
    const deliveries = found.slice(0, limit).map(summary);
    const nextCursor = found.length > limit ? (deliveries.at(-1)?.id ?? null) : null;
    return Promise.resolve({ deliveries, nextCursor });
  }

  override pending(endpoint: string, limit: number): Promise<readonly DeliverySummary[]> {
    const found = this.all()
      .filter(({ delivery }) => delivery.endpoint === endpoint && delivery.state === 'pending')
      .sort((a, b) => a.delivery.dueAt - b.delivery.dueAt || a.position - b.position);
    return Promise.resolve(found.slice(0, limit).map(summary));
  }

  override endpoints(): Promise<readonly string[]> {
    const open = this.all().filter(({ delivery }) => delivery.endedAt === null);
    return Promise.resolve([...new Set(open.map(({ delivery }) => delivery.endpoint))]);
  }

  override counts(): Promise<DeliveryCounts> {
    const of = (state: string) => this.all().filter(({ delivery }) => delivery.state === state).length;
    return Promise.resolve({ pending: of('pending'), waiting: of('waiting'), dead: of('dead') });
  }

  private all(): Stored[] {
    return [...this.stored.values()].sort((a, b) => a.position - b.position);
  }

  private open(group: DeliveryGroup): Stored[] {
    return this.all().filter(
      ({ delivery }) =>
        delivery.endedAt === null &&
        ('order' in group ? delivery.order === group.order : delivery.endpoint === group.endpoint),
    );
  }

  private inLine(order: string | undefined): 'waiting' | 'pending' {
    return order !== undefined && this.open({ order }).length > 0 ? 'waiting' : 'pending';
  }

  private release(order: string): void {
    const [head] = this.open({ order });
    if (head?.delivery.state === 'waiting') head.delivery = { ...head.delivery, state: 'pending' };
  }

  private keep(write: () => void): Promise<void> {
    if (this.up) {
      write();
      return Promise.resolve();
    }
    return new Promise((resolve) =>
      this.kept.push(() => {
        write();
        resolve();
      }),
    );
  }
}

/** Followers in memory, beside an outbox in memory. */
export class MemoryFollowerStore extends FollowerStore {
  private readonly followers = new Map<string, Follower>();

  constructor(private readonly outbox: MemoryOutboxStore) {
    super();
  }

  override put(follower: Follower): Promise<void> {
    const key = keyOf(follower.taskId, follower.id);
    const before = this.followers.get(key);
    const { kind, config } = follower;
    const goesOn = before && !before.done;
    this.followers.set(key, copy(goesOn ? { ...before, kind, config } : follower));
    return Promise.resolve();
  }

  override advance(
    { taskId, id, nextSeq, done }: FollowerStep,
    deliveries: readonly NewDeliveryRecord[],
  ): Promise<void> {
    const key = keyOf(taskId, id);
    const before = this.followers.get(key);
    if (!before || before.done || before.nextSeq >= nextSeq) return Promise.reject(conflict());
    if (!this.outbox.insert(deliveries)) return Promise.reject(conflict());
    this.followers.set(key, { ...before, nextSeq, done });
    return Promise.resolve();
  }

  override finish(taskId: TaskId, id: string): Promise<void> {
    const key = keyOf(taskId, id);
    const before = this.followers.get(key);
    if (before) this.followers.set(key, { ...before, done: true });
    return Promise.resolve();
  }

  override remove(taskId: TaskId, id: string): Promise<void> {
    this.followers.delete(keyOf(taskId, id));
    return Promise.resolve();
  }

  override get(taskId: TaskId, id: string): Promise<Follower | undefined> {
    return Promise.resolve(this.followers.get(keyOf(taskId, id)));
  }

  override of(taskId: TaskId): Promise<readonly Follower[]> {
    return Promise.resolve(this.sorted().filter((follower) => follower.taskId === taskId));
  }

  override open(): Promise<readonly Follower[]> {
    return Promise.resolve(this.sorted().filter(({ done }) => !done));
  }

  private sorted(): Follower[] {
    return [...this.followers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, follower]) => follower);
  }
}

const keyOf = (taskId: string, id: string): string => `${taskId}\n${id}`;

/** Nobody shares an object with the disk. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const summary = ({ delivery }: Stored): DeliverySummary => copy({ ...delivery, request: undefined });

const conflict = (): GatewayError => new GatewayError('CONFLICT', 'another write came first');
const unavailable = (): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage takes no writes now', { retryAfterS: 5 });
