import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { MessageState } from '../../core/agent-message.js';
import { Clock } from '../../core/clock.js';
import type { Delivery, DeliveryOutcome, NewDelivery } from '../../core/delivery.js';
import { agentKey } from '../../core/ids.js';
import { NotTaken } from '../../core/not-taken.js';
import type { Deliverer } from '../messages/deliverer.js';
import { Outbox } from '../messages/outbox.service.js';
import { RegistryService } from '../registry/registry.service.js';
import type { MessageRecord } from '../../core/message-record.js';
import { MessageStore } from './message.store.js';

/** What the outbox knows these deliveries by. */
export const MESSAGE_KIND = 'message';

/** Delivers queued messages by the connection that their receiver has at that moment, and keeps their record true. */
@Injectable()
export class MessageDeliverer implements Deliverer, OnModuleInit {
  private readonly logger = new Logger('Messages');

  constructor(
    private readonly clock: Clock,
    private readonly registry: RegistryService,
    private readonly outbox: Outbox,
    private readonly store: MessageStore,
  ) {}

  onModuleInit(): void {
    this.outbox.register(MESSAGE_KIND, this);
  }

  /** The delivery of a message: what it says is in its own record, so nothing is stored twice. */
  deliveryOf({ id, namespace, to }: MessageRecord): NewDelivery {
    return {
      id,
      kind: MESSAGE_KIND,
      namespace,
      endpoint: `agent:${agentKey({ namespace, name: to })}`,
      subject: { messageId: id },
      request: { url: null, headers: {}, body: '' },
      extra: { to_agent_id: to },
    };
  }

  async send({ id, attempts }: Delivery, _signal: AbortSignal): Promise<DeliveryOutcome> {
    const record = await this.store.get(id);
    if (!record) return { ok: false, error: 'the message is older than the retention', final: true };
    const outcome = await this.attempt(record);
    const { state, error } = outcome.ok
      ? { state: 'sent' as const, error: null }
      : { state: 'queued' as const, error: outcome.error };
    this.note(id, state, error, attempts + 1);
    return outcome;
  }

  gaveUp({ id, attempts, error }: Delivery, outcome: DeliveryOutcome | undefined): void {
    const reason = outcome && !outcome.ok ? outcome.error : (error ?? 'too old');
    this.note(id, 'dead', reason, attempts + (outcome ? 1 : 0));
  }

  private async attempt({ namespace, to, ...message }: MessageRecord): Promise<DeliveryOutcome> {
    const agent = this.registry.find({ namespace, name: to });
    if (!agent) return { ok: false, error: 'the receiver is offline', alive: true };
    try {
      await agent.connection.deliver(message, true);
      return { ok: true };
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      const { status, retryAfterMs, final, alive } = error.details;
      return { ok: false, error: error.message, status, retryAfterMs, final, alive };
    }
  }

  /** The outbox has the truth; this is what lists of messages show, so nobody waits for it. */
  private note(id: string, state: MessageState, error: string | null, attempts: number): void {
    const change = { state, error, attempts, updatedAt: this.clock.now() };
    this.store.change(id, change).catch((reason: unknown) => this.logger.error(String(reason)));
  }
}
