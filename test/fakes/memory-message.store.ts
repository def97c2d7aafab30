import { agentKey, type AgentRef, type Namespace } from '../../src/core/ids.js';
import type { InboxMessage, Lease, MessageChange, MessageRecord } from '../../src/core/message-record.js';
import { MessageStore, type ConversationPage, type Post } from '../../src/engine/mail/message.store.js';
import type { NewDeliveryRecord } from '../../src/engine/messages/outbox.store.js';

interface Slot {
  readonly id: string;
  until: number;
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

/** Messages and inboxes in memory. */
export class MemoryMessageStore extends MessageStore {
  override readonly available = true;

  constructor(
    private readonly messages = new Map<string, MessageRecord>(),
    private readonly inboxes = new Map<string, Slot[]>(),
  ) {
    super();
  }

  /** The next process on the same data. */
  reopened(): MemoryMessageStore {
    return new MemoryMessageStore(this.messages, this.inboxes);
  }

  override note(record: MessageRecord): Promise<void> {
    this.messages.set(record.id, record);
    return Promise.resolve();
  }

  override put(record: MessageRecord): Promise<void> {
    const inbox = this.inbox({ namespace: record.namespace, name: record.to });
    inbox.push({ id: record.id, until: 0 });
    inbox.sort(byId);
    return this.note(record);
  }

  /** Deliveries that were put in, for whoever looks. */
  readonly deliveries: NewDeliveryRecord[] = [];

  override async post({ queued, laidIn, deliveries }: Post): Promise<void> {
    for (const record of queued) await this.note(record);
    for (const record of laidIn) await this.put(record);
    this.deliveries.push(...deliveries);
  }

  override change(id: string, change: Partial<MessageChange>): Promise<void> {
    const record = this.messages.get(id);
    if (record) this.messages.set(id, { ...record, ...change });
    return Promise.resolve();
  }

  override get(id: string): Promise<MessageRecord | undefined> {
    return Promise.resolve(this.messages.get(id));
  }

  override conversation(
    namespace: Namespace | null,
    conversationId: string,
    cursor: string,
    limit: number,
  ): Promise<ConversationPage> {
    const all = [...this.messages.values()]
      .filter((record) => record.conversationId === conversationId && record.id > cursor)
      .filter((record) => namespace === null || record.namespace === namespace)
      .sort(byId);
    const messages = all.slice(0, limit);
    return Promise.resolve({ messages, nextCursor: all.length > limit ? messages.at(-1)!.id : null });
  }

  override waiting(inbox: AgentRef, now: number, limit: number): Promise<readonly InboxMessage[]> {
    const free = this.inbox(inbox).filter(({ until }) => until <= now);
    const records = free.slice(0, limit).map(({ id }) => this.messages.get(id)!);
    return Promise.resolve(records.map((message) => ({ message, handedOut: message.attempts })));
  }

  override async lease({ inbox, ids, until }: Lease): Promise<void> {
    await this.extend(inbox, ids, until);
    for (const id of ids) await this.change(id, { attempts: this.messages.get(id)!.attempts + 1 });
  }

  override extend(inbox: AgentRef, ids: readonly string[], until: number): Promise<void> {
    for (const slot of this.inbox(inbox)) if (ids.includes(slot.id)) slot.until = until;
    return Promise.resolve();
  }

  override held(inbox: AgentRef, ids: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(ids.filter((wanted) => this.inbox(inbox).some(({ id }) => id === wanted)));
  }

  override async acknowledge(inbox: AgentRef, ids: readonly string[], at: number): Promise<void> {
    this.empty(inbox, ids);
    for (const id of ids) await this.change(id, { state: 'acknowledged', updatedAt: at });
  }

  override backlog(inbox: AgentRef, atMost: number): Promise<number> {
    return Promise.resolve(Math.min(atMost, this.inbox(inbox).length));
  }

  override purge(before: number, limit: number): Promise<number> {
    const old = [...this.messages.values()]
      .filter(({ at, state }) => at < before && state !== 'queued')
      .sort(byId)
      .slice(0, limit);
    for (const { id, namespace, to } of old) {
      this.messages.delete(id);
      this.empty({ namespace, name: to }, [id]);
    }
    return Promise.resolve(old.length);
  }

  private empty(inbox: AgentRef, ids: readonly string[]): void {
    this.inboxes.set(
      agentKey(inbox),
      this.inbox(inbox).filter(({ id }) => !ids.includes(id)),
    );
  }

  private inbox(ref: AgentRef): Slot[] {
    const slots = this.inboxes.get(agentKey(ref)) ?? [];
    this.inboxes.set(agentKey(ref), slots);
    return slots;
  }
}
