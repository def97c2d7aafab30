import { Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { OutgoingHttp } from '../../core/outgoing-http.js';
import type { Principal } from '../../core/principal.js';
import { checkName } from '../../core/text.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { Topics } from '../../engine/mail/topics.service.js';
import { JsonBody } from '../../transport/http/json-body.js';
import { sseFrame } from '../../transport/http/sse-frame.js';
import { SseStreams } from '../../transport/http/sse.js';
import { fromSubscription, toPublication, toPublished, toSubscription } from './topic.mapper.js';
import type { PublishAckWire, SubscribedWire, SubscriptionListWire } from './webhook.wire.js';

/** Topics: publish once, reach every subscriber. */
@Controller('gateway')
export class TopicsController {
  constructor(
    private readonly topics: Topics,
    private readonly streams: SseStreams,
    private readonly outgoing: OutgoingHttp,
  ) {}

  @Post('topics/:topic/publish')
  @HttpCode(200)
  @Requires('execute')
  async publish(
    @Caller() who: Principal,
    @Param('topic') topic: string,
    @JsonBody() body: unknown,
  ): Promise<PublishAckWire> {
    const key = this.topics.keyFor(who, checkName('topic', topic));
    const [{ seq, message }, subscribers] = await this.topics.publish(who, key, toPublication(body));
    return { message_id: message.id, topic, seq, subscribers };
  }

  /** The last value, then what is published, as Server-Sent Events. */
  @Get('topics/:topic/stream')
  stream(
    @Caller() who: Principal,
    @Param('topic') topic: string,
    @Req() req: IncomingMessage,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const key = this.topics.keyFor(who, checkName('topic', topic));
    return this.streams.serve(req, res, {
      open: (signal) => Promise.resolve(this.topics.watch(key, signal)),
      frame: (published) => sseFrame('message', JSON.stringify(toPublished(published)), published.seq),
      expiresAt: who.expiresAt,
      credential: who.credential,
      namespace: who.namespace,
    });
  }

  @Post('subscriptions')
  @HttpCode(200)
  @Requires('execute')
  async subscribe(@Caller() who: Principal, @JsonBody() body: unknown): Promise<SubscribedWire> {
    const wanted = toSubscription(body, (url, field) => this.outgoing.check(url, field));
    const { subscription, secret } = await this.topics.subscribe(who, wanted);
    return { ...fromSubscription(subscription), ...(secret === undefined ? {} : { webhook_secret: secret }) };
  }

  @Get('subscriptions')
  async list(@Caller() who: Principal): Promise<SubscriptionListWire> {
    const subscriptions = (await this.topics.list(who)).map(fromSubscription);
    return { subscriptions, total: subscriptions.length };
  }

  @Delete('subscriptions/:subscription_id')
  @Requires('execute')
  async unsubscribe(
    @Caller() who: Principal,
    @Param('subscription_id') id: string,
  ): Promise<{ status: 'unsubscribed' }> {
    await this.topics.unsubscribe(who, id);
    return { status: 'unsubscribed' };
  }
}
