import { Injectable } from '@nestjs/common';
import { WebhooksConfig } from '../../config/webhooks.config.js';
import { Clock } from '../../core/clock.js';
import type { Delivery, DeliveryOutcome, DeliveryRequest } from '../../core/delivery.js';
import type { Follower } from '../../core/follower.js';
import type { TaskId } from '../../core/ids.js';
import { OutgoingHttp, type OutgoingPurpose } from '../../core/outgoing-http.js';
import type { TaskEvent } from '../../core/task.js';
import { FollowerStore } from './follower.store.js';
import { HttpDeliverer, type Target } from './http-deliverer.js';
import { Outbox } from './outbox.service.js';

const GONE = 410;

/** What there is to deliver about one event of the log: nothing, one thing or several. */
export type Tale = readonly Omit<DeliveryRequest, 'url'>[];

/**
 * Turns the log of one task into the words of one follower. It is given every event from the first on, in order, also
 * after a restart: it may remember what it has seen.
 */
export type Teller = (event: TaskEvent) => Tale | Promise<Tale>;

/** A kind of follower: its words, and where they go. */
export interface FollowerKind {
  readonly purpose: OutgoingPurpose;
  teller(follower: Follower): Teller | Promise<Teller>;
  url(follower: Follower): string;
  /** What proves to the receiver who sends this; made at each try and stored nowhere. */
  credentials(follower: Follower, delivery: Delivery): Readonly<Record<string, string>>;
}

/** Deliveries of one order go out one after the other: all that one follower is told. */
export const orderOf = ({ taskId, id }: Pick<Follower, 'taskId' | 'id'>): string => `${taskId} ${id}`;

/** Who knows the words of which kind. */
@Injectable()
export class FollowerKinds {
  private readonly kinds = new Map<string, FollowerKind>();

  constructor(
    private readonly clock: Clock,
    private readonly config: WebhooksConfig,
    private readonly outgoing: OutgoingHttp,
    private readonly store: FollowerStore,
    private readonly outbox: Outbox,
  ) {}

  /** To be called while the modules start. */
  register(name: string, kind: FollowerKind): void {
    this.kinds.set(name, kind);
    const { clock, outgoing, config, store, outbox } = this;
    this.outbox.register(name, new FollowerDeliverer(clock, outgoing, kind, config.timeout, store, outbox));
  }

  get(name: string): FollowerKind | undefined {
    return this.kinds.get(name);
  }
}

/** Delivers what followers are told. Where it goes and with what credentials is asked anew at each try. */
class FollowerDeliverer extends HttpDeliverer {
  constructor(
    clock: Clock,
    outgoing: OutgoingHttp,
    private readonly kind: FollowerKind,
    timeoutMs: number,
    private readonly store: FollowerStore,
    private readonly outbox: Outbox,
  ) {
    super(clock, outgoing, kind.purpose, timeoutMs);
  }

  protected async target(delivery: Delivery): Promise<Target | undefined> {
    const follower = await this.follower(delivery);
    return follower && { url: this.kind.url(follower), headers: this.kind.credentials(follower, delivery) };
  }

  /** An endpoint that is gone wants to hear nothing more of this task. */
  async gaveUp(delivery: Delivery, outcome: DeliveryOutcome | undefined): Promise<void> {
    if (outcome?.status !== GONE) return;
    const follower = await this.follower(delivery);
    if (!follower) return;
    await this.store.finish(follower.taskId, follower.id);
    await this.outbox.abandon({ order: orderOf(follower) }, `the endpoint is gone (status ${GONE})`);
  }

  private async follower({ subject, extra }: Delivery): Promise<Follower | undefined> {
    const { taskId = '' } = subject;
    return this.store.get(taskId as TaskId, extra?.['follower'] as string);
  }
}
