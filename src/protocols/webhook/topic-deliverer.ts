import { Injectable } from '@nestjs/common';
import { WebhooksConfig } from '../../config/webhooks.config.js';
import { Clock } from '../../core/clock.js';
import type { Delivery, DeliveryOutcome, NewDelivery } from '../../core/delivery.js';
import { OutgoingHttp } from '../../core/outgoing-http.js';
import type { Published, TopicSubscription } from '../../core/topic.js';
import { TopicStore } from '../../engine/mail/topic.store.js';
import { Topics } from '../../engine/mail/topics.service.js';
import { MemberSecrets } from '../../engine/members/member-secrets.js';
import { HttpDeliverer, type Target } from '../../engine/messages/http-deliverer.js';
import { Outbox } from '../../engine/messages/outbox.service.js';
import { webhookHeaders } from '../../engine/messages/signature.js';
import { toPublished } from './topic.mapper.js';

const KIND = 'topic';
const GONE = 410;

/** Posts what was published to the URLs that have subscribed; an endpoint that is gone (410) is unsubscribed. */
@Injectable()
export class TopicDeliverer extends HttpDeliverer {
  constructor(
    clock: Clock,
    outgoing: OutgoingHttp,
    private readonly config: WebhooksConfig,
    private readonly secrets: MemberSecrets,
    private readonly store: TopicStore,
    outbox: Outbox,
    topics: Topics,
  ) {
    super(clock, outgoing, 'webhook', config.timeout);
    outbox.register(KIND, this);
    topics.postBy((subscription, published) => this.deliveryOf(subscription, published));
  }

  gaveUp({ extra }: Delivery, outcome: DeliveryOutcome | undefined): Promise<void> | void {
    const id = extra?.['subscription_id'];
    if (outcome?.status === GONE && typeof id === 'string') return this.store.unsubscribe(id);
  }

  protected override accepts(status: number): boolean {
    return this.config.strict200 ? status === 200 : super.accepts(status);
  }

  /** Whoever has unsubscribed meanwhile wants it no more. */
  protected override async target({ id, extra, request }: Delivery): Promise<Target | undefined> {
    const named = extra?.['subscription_id'];
    const subscription = typeof named === 'string' ? await this.store.subscription(named) : undefined;
    if (!subscription?.webhookUrl) return undefined;
    const secrets = subscription.secret ? [{ sealed: subscription.secret, until: null }] : [];
    const headers = webhookHeaders(id, this.clock.now(), request.body, this.secrets.open(secrets));
    return { url: subscription.webhookUrl, headers };
  }

  private deliveryOf(subscription: TopicSubscription, published: Published): NewDelivery {
    const { id, webhookUrl, namespace } = subscription;
    return {
      id: `${published.message.id}.${id}`,
      kind: KIND,
      namespace,
      endpoint: `url:${new URL(webhookUrl ?? '').origin}`,
      subject: { messageId: published.message.id },
      order: id,
      request: {
        url: webhookUrl,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(toPublished(published)),
      },
      extra: { subscription_id: id },
    };
  }
}
