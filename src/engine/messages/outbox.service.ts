import { Injectable } from '@nestjs/common';
import { OutboxConfig } from '../../config/outbox.config.js';
import { Clock } from '../../core/clock.js';
import type { Delivery, DeliveryAttempt, NewDelivery } from '../../core/delivery.js';
import { GatewayError } from '../../core/errors.js';
import type { Principal } from '../../core/principal.js';
import { Policy } from '../auth/policy.js';
import type { Deliverer } from './deliverer.js';
import { DeliveryLoop } from './delivery-loop.js';
import {
  OutboxStore,
  type DeliveryFilter,
  type DeliveryGroup,
  type DeliveryPage,
  type NewDeliveryRecord,
} from './outbox.store.js';
import { policyOf } from './retry-policy.js';

/** A delivery with how its tries went. */
export interface DeliveryView {
  readonly delivery: Delivery;
  readonly attempts: readonly DeliveryAttempt[];
}

/** Everything that goes out: put in durably, delivered at least once, in the order of its order. */
@Injectable()
export class Outbox {
  constructor(
    private readonly clock: Clock,
    private readonly config: OutboxConfig,
    private readonly policy: Policy,
    private readonly store: OutboxStore,
    private readonly loop: DeliveryLoop,
  ) {}

  /** False while the storage refuses writes. */
  get available(): boolean {
    return this.store.available;
  }

  /** Says who delivers a kind; to be called while the modules start. */
  register(kind: string, deliverer: Deliverer): void {
    this.loop.register(kind, deliverer);
  }

  /**
   * Takes deliveries in, all or none; resolves when they are on disk. They are tried at once.
   * @throws GatewayError STORAGE_UNAVAILABLE; CONFLICT when an id exists
   */
  async enqueue(deliveries: readonly NewDelivery[]): Promise<void> {
    await this.store.enqueue(this.dated(deliveries));
    this.sent(deliveries);
  }

  /** With their times, for a store that puts them in together with something else; call {@link sent} when they are. */
  dated(deliveries: readonly NewDelivery[]): NewDeliveryRecord[] {
    const createdAt = this.clock.now();
    return deliveries.map((one) => ({
      ...one,
      createdAt,
      expiresAt: createdAt + policyOf(this.config, one.policy).expiryMs,
    }));
  }

  /** They are on disk. */
  sent(deliveries: readonly NewDelivery[]): void {
    for (const endpoint of new Set(deliveries.map((one) => one.endpoint))) this.loop.touch(endpoint);
  }

  /** Gives up what is open of an order or an endpoint; it can be redelivered. */
  abandon(group: DeliveryGroup, reason: string): Promise<void> {
    return this.store.abandon(group, reason, this.clock.now());
  }

  /** Deletes what is open of an order: nobody wants it any more. */
  discard(order: string): Promise<void> {
    return this.store.discard(order);
  }

  /** The deliveries of the caller's namespace, newest first. */
  list(caller: Principal, filter: DeliveryFilter): Promise<DeliveryPage> {
    this.policy.requireRight(caller, 'read');
    return this.store.list(caller.namespace, filter);
  }

  /** @throws GatewayError NOT_FOUND, also for a delivery of another namespace */
  async get(caller: Principal, id: string): Promise<DeliveryView> {
    this.policy.requireRight(caller, 'read');
    const delivery = await this.store.get(id);
    if (!delivery || !this.policy.canSee(caller, delivery.namespace)) throw notFound();
    return { delivery, attempts: await this.store.attempts(id) };
  }

  /**
   * Starts a dead letter again, with all its tries; resolves when that is on disk.
   * @throws GatewayError NOT_FOUND; CONFLICT when it is not dead; STORAGE_UNAVAILABLE
   */
  async redeliver(caller: Principal, id: string): Promise<DeliveryView> {
    this.policy.requireRight(caller, 'execute');
    const { delivery } = await this.get(caller, id);
    if (delivery.state !== 'dead') throw notDead(delivery);
    const now = this.clock.now();
    await this.store.redeliver(delivery, now, now + policyOf(this.config, delivery.policy).expiryMs);
    this.loop.touch(delivery.endpoint);
    return this.get(caller, id);
  }
}

/** The same words for unknown and foreign: nobody learns which ids exist. */
const notFound = (): GatewayError => new GatewayError('NOT_FOUND', 'delivery: there is no such delivery');

const notDead = ({ state }: Delivery): GatewayError =>
  new GatewayError('CONFLICT', `delivery: got one that is ${state}, allowed: one that is dead`);
