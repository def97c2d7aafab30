import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { StorageConfig } from '../../config/storage.config.js';
import { newMessageId, type AgentMessage } from '../../core/agent-message.js';
import { Clock } from '../../core/clock.js';
import type { NewDelivery } from '../../core/delivery.js';
import { GatewayError } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, IdSource, type AgentName } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { MessageRecord } from '../../core/message-record.js';
import { ANONYMOUS, type Principal } from '../../core/principal.js';
import type { Published, TopicKey, TopicSubscription } from '../../core/topic.js';
import { Policy } from '../auth/policy.js';
import { MemberSecrets } from '../members/member-secrets.js';
import { Members } from '../members/members.service.js';
import { Outbox } from '../messages/outbox.service.js';
import { Inbox } from './inbox.js';
import { MessageDeliverer } from './message-deliverer.js';
import { TopicStreams } from './topic-streams.js';
import { TopicStore } from './topic.store.js';
import { Turns } from './turns.js';

const SWEEP_MS = 60_000;

export interface NewPublication {
  readonly from: AgentName;
  readonly content: readonly JsonObject[];
  readonly metadata: JsonObject;
  /** Whoever subscribes later gets it at once. */
  readonly retain: boolean;
}

export interface NewSubscription {
  readonly topic: string;
  readonly agent: AgentName | undefined;
  readonly webhookUrl: string | undefined;
  readonly secret: string | undefined;
}

/** `secret` only where the gateway has just made it: it is not shown again. */
export interface Subscribed {
  readonly subscription: TopicSubscription;
  readonly secret: string | undefined;
}

/** Makes the delivery of something published to the URL of a subscription; a protocol provides it. */
export type PostTo = (subscription: TopicSubscription, published: Published) => NewDelivery;

/** Topics: published once, delivered to every subscriber: streams, agents of every kind, URLs. The last value is retained. */
@Injectable()
export class Topics {
  private readonly logger = new Logger('Topics');
  /** Per topic one publication at a time, so that they are counted in the order in which they are on disk. */
  private readonly turns = new Turns();
  private post: PostTo | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly storage: StorageConfig,
    private readonly policy: Policy,
    private readonly members: Members,
    private readonly secrets: MemberSecrets,
    private readonly inbox: Inbox,
    private readonly outbox: Outbox,
    private readonly deliverer: MessageDeliverer,
    private readonly streams: TopicStreams,
    private readonly store: TopicStore,
  ) {}

  /** Who makes the posts to URLs; set before the start. */
  postBy(post: PostTo): void {
    this.post = post;
  }

  /** The topic of that name in the caller's namespace. */
  keyFor(caller: Principal, topic: string): TopicKey {
    return { namespace: caller.namespace ?? DEFAULT_NAMESPACE, topic };
  }

  /**
   * Publishes; resolves when that is on disk with everything that goes out because of it.
   * @returns what was published, and how many get it
   * @throws GatewayError FORBIDDEN; STORAGE_UNAVAILABLE
   */
  publish(caller: Principal, topic: TopicKey, given: NewPublication): Promise<[Published, number]> {
    this.policy.maySpeakFor(caller, { namespace: topic.namespace, name: given.from });
    return this.turns.take(`${topic.namespace}\n${topic.topic}`, () => this.publishNow(caller, topic, given));
  }

  /**
   * Subscribes an agent or a URL; what is retained goes to it at once.
   * @throws GatewayError FORBIDDEN (another's agent); CONFLICT (no key to keep the secret with); STORAGE_UNAVAILABLE
   */
  async subscribe(caller: Principal, given: NewSubscription): Promise<Subscribed> {
    const topic = this.keyFor(caller, given.topic);
    if (given.agent) this.policy.maySpeakFor(caller, { namespace: topic.namespace, name: given.agent });
    const secret = given.webhookUrl === undefined ? undefined : (given.secret ?? this.secrets.generate());
    const subscription: TopicSubscription = {
      ...topic,
      id: `sub-${this.ids.uuid()}`,
      agent: given.agent ?? null,
      webhookUrl: given.webhookUrl ?? null,
      secret: secret === undefined ? null : this.secrets.seal(secret).sealed,
      createdBy: caller.id === ANONYMOUS.id ? null : caller.id,
      createdAt: this.clock.now(),
    };
    await this.turns.take(`${topic.namespace}\n${topic.topic}`, () => this.enter(caller, subscription));
    return { subscription, secret: given.secret === undefined ? secret : undefined };
  }

  /** @throws GatewayError NOT_FOUND, also for one of another namespace */
  async unsubscribe(caller: Principal, id: string): Promise<void> {
    const subscription = await this.store.subscription(id);
    if (!subscription || !this.policy.mayReach(caller, subscription.namespace, id))
      throw new GatewayError('NOT_FOUND', 'subscription_id: no such subscription');
    await this.store.unsubscribe(id);
  }

  /** The subscriptions of the caller's namespace. */
  list(caller: Principal): Promise<readonly TopicSubscription[]> {
    return this.store.list(caller.namespace);
  }

  /** The retained value, then what is published from now on. */
  async *watch(topic: TopicKey, signal: AbortSignal): AsyncGenerator<Published> {
    const live = this.streams.listen(topic, signal); // first, so that nothing is missed in between
    const value = await this.store.value(topic);
    const seen = value?.seq ?? 0;
    if (value?.retained) yield { ...topic, seq: value.seq, message: value.retained };
    for await (const published of live) if (published.seq > seen) yield published;
  }

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (!this.outbox.available) return;
    await this.store
      .purge(this.clock.now() - this.storage.retention)
      .catch((error: unknown) => this.logger.error(`sweep failed: ${String(error)}`));
  }

  private async publishNow(
    caller: Principal,
    topic: TopicKey,
    { retain, ...given }: NewPublication,
  ): Promise<[Published, number]> {
    const at = this.clock.now();
    const conversationId = `topic-${topic.topic}`;
    const message: AgentMessage = { ...given, id: newMessageId(this.ids), conversationId, at };
    const seq = ((await this.store.value(topic))?.seq ?? 0) + 1;
    const published = { ...topic, seq, message };
    const subscribers = await this.store.subscribers(topic);
    const posts = subscribers.map((one) => this.postTo(caller, one, published));
    const deliveries = posts.flatMap(({ delivery }) => (delivery ? [delivery] : []));
    const value = { ...topic, seq, retained: retain ? message : null, updatedAt: at };
    await this.store.publish(value, {
      queued: posts.flatMap(({ queued }) => (queued ? [queued] : [])),
      laidIn: posts.flatMap(({ laidIn }) => (laidIn ? [laidIn] : [])),
      deliveries: this.outbox.dated(deliveries),
    });
    this.outbox.sent(deliveries);
    for (const { laidIn } of posts) if (laidIn) this.inbox.arrived(laidIn);
    return [published, this.streams.publish(published) + subscribers.length];
  }

  private async enter(caller: Principal, subscription: TopicSubscription): Promise<void> {
    const value = await this.store.value(subscription);
    if (!value?.retained) return this.store.subscribe(subscription);
    const { delivery, queued, laidIn } = this.postTo(caller, subscription, {
      ...value,
      message: value.retained,
    });
    await this.store.subscribe(subscription);
    const deliveries = delivery ? [delivery] : [];
    await this.store.publish(value, {
      queued: queued ? [queued] : [],
      laidIn: laidIn ? [laidIn] : [],
      deliveries: this.outbox.dated(deliveries),
    });
    this.outbox.sent(deliveries);
    if (laidIn) this.inbox.arrived(laidIn);
  }

  /** What goes to one subscriber: to an agent a message of its own, to a URL a post. */
  private postTo(caller: Principal, subscription: TopicSubscription, published: Published): TopicPost {
    const { agent, namespace } = subscription;
    if (agent === null) return this.post ? { delivery: this.post(subscription, published) } : {};
    const { topic, seq, message } = published;
    const record: MessageRecord = {
      ...message,
      id: newMessageId(this.ids),
      metadata: { ...message.metadata, topic, seq },
      namespace,
      to: agent,
      state: 'queued',
      error: null,
      attempts: 0,
      sentBy: caller.id === ANONYMOUS.id ? null : caller.id,
      updatedAt: this.clock.now(),
    };
    if (this.members.byRef({ namespace, name: agent })?.delivery === 'pull') return { laidIn: record };
    return { queued: record, delivery: { ...this.deliverer.deliveryOf(record), order: subscription.id } };
  }
}

interface TopicPost {
  readonly queued?: MessageRecord;
  readonly laidIn?: MessageRecord;
  readonly delivery?: NewDelivery;
}
