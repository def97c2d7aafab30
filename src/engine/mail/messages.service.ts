import { Injectable, Logger } from '@nestjs/common';
import {
  newConversationId,
  newMessageId,
  isMessageId,
  type AgentMessage,
  type MessageState,
} from '../../core/agent-message.js';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, IdSource, type AgentName, type AgentRef } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import { ANONYMOUS, type Principal } from '../../core/principal.js';
import { Policy } from '../auth/policy.js';
import { Members } from '../members/members.service.js';
import type { Member } from '../../core/member.js';
import type { Agent } from '../registry/agent.js';
import { Outbox } from '../messages/outbox.service.js';
import { RegistryService } from '../registry/registry.service.js';
import { unlessDown } from '../tasks/unless-down.js';
import { Inbox } from './inbox.js';
import type { MessageRecord } from '../../core/message-record.js';
import { MessageDeliverer } from './message-deliverer.js';
import { MessageStore, type ConversationPage } from './message.store.js';
import { PullConnection } from './pull-connection.js';

/** A message that somebody wants to send, already checked by the protocol that took it in. */
export interface NewMessage {
  readonly from: AgentName;
  readonly to: AgentName;
  /** Undefined: it begins one. */
  readonly conversationId: string | undefined;
  readonly content: readonly JsonObject[];
  readonly metadata: JsonObject;
}

/** Who gets a message: a member (online or not), any other agent that is online. */
interface Receiver {
  readonly ref: AgentRef;
  readonly member: Member | undefined;
  readonly agent: Agent | undefined;
}

/** Messages between agents (seed 001): delivered by the receiver's own connection, kept as a history by conversation. */
@Injectable()
export class Messages {
  private readonly logger = new Logger('Messages');

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly policy: Policy,
    private readonly registry: RegistryService,
    private readonly members: Members,
    private readonly inbox: Inbox,
    private readonly outbox: Outbox,
    private readonly deliverer: MessageDeliverer,
    private readonly store: MessageStore,
  ) {}

  /**
   * Delivers a message now, in one attempt; for a receiver that pulls, into its inbox.
   * @throws GatewayError AGENT_NOT_FOUND (unknown, foreign or offline); FORBIDDEN; UPSTREAM when the receiver has not taken it:
   *   the message and the reason are on record then; OVERLOADED, STORAGE_UNAVAILABLE for one that pulls
   */
  async send(caller: Principal, message: NewMessage): Promise<MessageRecord> {
    const receiver = this.receiver(caller, message.to);
    if (!receiver.agent) throw notFound();
    this.policy.maySpeakFor(caller, { namespace: receiver.ref.namespace, name: message.from });
    const made = this.make(message);
    if (receiver.agent.connection instanceof PullConnection) return this.layIn(caller, receiver.ref, made);
    return this.deliver(caller, receiver.agent, made);
  }

  /**
   * Takes a message in; resolves when it is on disk. It is delivered with retries, also to a member that is offline now.
   * @throws GatewayError AGENT_NOT_FOUND (unknown, foreign, or has said goodbye); FORBIDDEN; STORAGE_UNAVAILABLE
   */
  async queue(caller: Principal, message: NewMessage): Promise<MessageRecord> {
    const receiver = this.receiver(caller, message.to);
    if (!receiver.agent && !mayComeBack(receiver.member)) throw notFound();
    this.policy.maySpeakFor(caller, { namespace: receiver.ref.namespace, name: message.from });
    const record = this.record(caller, receiver.ref, this.make(message), 'queued', { attempts: 0 });
    if (receiver.member?.delivery === 'pull') await this.inbox.put(record);
    else await this.enqueue(record);
    return record;
  }

  /** @throws GatewayError NOT_FOUND, also for a message of another namespace */
  async get(caller: Principal, id: string): Promise<MessageRecord> {
    const record = isMessageId(id) ? await this.store.get(id) : undefined;
    if (record && this.policy.mayReach(caller, record.namespace, id)) return record;
    throw new GatewayError('NOT_FOUND', 'message_id: no such message');
  }

  /** The messages of a conversation, oldest first; none for one that does not exist. */
  conversation(caller: Principal, id: string, cursor: string, limit: number): Promise<ConversationPage> {
    return this.store.conversation(caller.namespace, id, cursor, limit);
  }

  private async enqueue(record: MessageRecord): Promise<void> {
    const delivery = this.deliverer.deliveryOf(record);
    const deliveries = this.outbox.dated([delivery]);
    await this.store.post({ queued: [record], laidIn: [], deliveries });
    this.outbox.sent([delivery]);
  }

  private make(message: NewMessage): AgentMessage & { readonly to: AgentName } {
    const conversationId = message.conversationId ?? newConversationId(this.ids);
    return { ...message, conversationId, id: newMessageId(this.ids), at: this.clock.now() };
  }

  private async layIn(caller: Principal, ref: AgentRef, message: AgentMessage): Promise<MessageRecord> {
    const record = this.record(caller, ref, message, 'sent', { attempts: 0 });
    await this.inbox.put(record);
    return record;
  }

  /** Without a promise to anybody before the attempt is over, one write is enough. */
  private async deliver(caller: Principal, agent: Agent, message: AgentMessage): Promise<MessageRecord> {
    try {
      await agent.connection.deliver(message, false);
    } catch (error) {
      const reason = error instanceof GatewayError ? error.message : 'the gateway failed to deliver it';
      await this.keep(this.record(caller, agent.ref, message, 'failed', { error: reason }));
      throw new GatewayError('UPSTREAM', `message ${message.id}: ${reason}`, { cause: error });
    }
    const record = this.record(caller, agent.ref, message, 'sent');
    await this.keep(record);
    return record;
  }

  /** Delivered or not, the sender is told what has happened: a storage that is down writes it once it is back. */
  private async keep(record: MessageRecord): Promise<void> {
    try {
      await unlessDown(this.store.note(record), this.store, this.clock);
    } catch (error) {
      this.logger.warn({ msg: `message not on record yet: ${String(error)}`, message_id: record.id });
    }
  }

  private record(
    caller: Principal,
    { namespace, name }: AgentRef,
    message: AgentMessage,
    state: MessageState,
    { error = null, attempts = 1 }: { error?: string | null; attempts?: number } = {},
  ): MessageRecord {
    const { id, conversationId, from, content, metadata, at } = message;
    const said = { id, conversationId, from, content, metadata, at };
    const sentBy = caller.id === ANONYMOUS.id ? null : caller.id;
    return { ...said, namespace, to: name, state, error, attempts, sentBy, updatedAt: this.clock.now() };
  }

  /** Without a namespace the default one comes first. */
  private receiver(caller: Principal, name: AgentName): Receiver {
    const online = this.registry.named(name, caller.namespace);
    const agent = online.find(({ namespace }) => namespace === DEFAULT_NAMESPACE) ?? online[0];
    const member = agent ? this.members.byRef(agent.ref) : this.members.find(caller, name);
    const ref = agent?.ref ?? member?.ref;
    if (!ref) throw notFound();
    return { ref, member, agent };
  }
}

/** Whoever has only missed heartbeats may be back soon. */
const mayComeBack = (member: Member | undefined): boolean =>
  member?.state === 'online' || member?.state === 'offline';

const notFound = (): GatewayError =>
  new GatewayError('AGENT_NOT_FOUND', 'to_agent_id: no such agent is online');
