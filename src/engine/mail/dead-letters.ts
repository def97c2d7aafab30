import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import type { DeliveryAttempt } from '../../core/delivery.js';
import { GatewayError } from '../../core/errors.js';
import type { MessageRecord } from '../../core/message-record.js';
import type { Principal } from '../../core/principal.js';
import { Outbox } from '../messages/outbox.service.js';
import { MESSAGE_KIND } from './message-deliverer.js';
import { MessageStore } from './message.store.js';
import { Messages } from './messages.service.js';

/** A message that was given up, and how every try went. */
export interface DeadLetter {
  readonly message: MessageRecord;
  readonly attempts: readonly DeliveryAttempt[];
}

export interface DeadLetterPage {
  /** Newest first. */
  readonly messages: readonly MessageRecord[];
  readonly nextCursor: string | null;
}

/** Messages that were given up: to look at, and to start again. */
@Injectable()
export class DeadLetters {
  constructor(
    private readonly clock: Clock,
    private readonly outbox: Outbox,
    private readonly messages: Messages,
    private readonly store: MessageStore,
  ) {}

  async list(caller: Principal, limit: number, cursor: string | undefined): Promise<DeadLetterPage> {
    const filter = { status: 'dead' as const, kind: MESSAGE_KIND, limit, cursor };
    const { deliveries, nextCursor } = await this.outbox.list(caller, filter);
    const found = await Promise.all(deliveries.map(({ id }) => this.store.get(id)));
    return { messages: found.filter((message) => message !== undefined), nextCursor };
  }

  /** @throws GatewayError NOT_FOUND for a message that is not dead, unknown or foreign */
  async get(caller: Principal, id: string): Promise<DeadLetter> {
    const message = await this.messages.get(caller, id);
    const { delivery, attempts } = await this.outbox.get(caller, id);
    if (delivery.state !== 'dead') throw new GatewayError('NOT_FOUND', 'message_id: no such dead letter');
    return { message, attempts };
  }

  /** Starts it again, with all its tries; resolves when that is on disk. @throws GatewayError NOT_FOUND; STORAGE_UNAVAILABLE */
  async redeliver(caller: Principal, id: string): Promise<MessageRecord> {
    const { message } = await this.get(caller, id);
    const change = { state: 'queued' as const, error: null, attempts: 0, updatedAt: this.clock.now() };
    await this.store.change(id, change); // first: the next try may be over before the answer
    await this.outbox.redeliver(caller, id).catch(async (error: unknown) => {
      await this.store.change(id, message);
      throw error;
    });
    return { ...message, ...change };
  }

  /** How the tries of a message went so far; none for one that was never queued. */
  async attemptsOf(caller: Principal, id: string): Promise<readonly DeliveryAttempt[]> {
    try {
      return (await this.outbox.get(caller, id)).attempts;
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'NOT_FOUND') return [];
      throw error;
    }
  }
}
