import { Injectable } from '@nestjs/common';
import { BotsConfig } from '../../config/bots.config.js';
import { HeartbeatConfig } from '../../config/heartbeat.config.js';
import type { Rate } from '../../config/kinds.js';
import { LimitsConfig } from '../../config/limits.config.js';
import { WebhooksConfig } from '../../config/webhooks.config.js';
import { Clock } from '../../core/clock.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import { Holdings } from '../../engine/tasks/holdings.js';
import { TasksService } from '../../engine/tasks/tasks.service.js';
import type { BotSession } from './bot-session.js';

/** What all sessions share: one object instead of many fields in each of ten thousand. */
@Injectable()
export class BotContext {
  private readonly sessions = new Set<BotSession>();
  private pending = 0;

  constructor(
    readonly clock: Clock,
    readonly registry: RegistryService,
    readonly tasks: TasksService,
    readonly holdings: Holdings,
    readonly heartbeat: HeartbeatConfig,
    private readonly bots: BotsConfig,
    private readonly limits: LimitsConfig,
    private readonly webhooks: WebhooksConfig,
  ) {}

  /** Frames that a bot may send; undefined: as many as it likes. */
  get frameRate(): Rate | undefined {
    return this.limits.frameRate;
  }

  get registerTimeout(): number {
    return this.bots.registerTimeout;
  }

  /** Time to confirm a message, milliseconds: as long as a webhook has to answer. */
  get messageTimeout(): number {
    return this.webhooks.timeout;
  }

  /** Open sockets that have not registered yet. */
  get unregistered(): number {
    return this.pending;
  }

  entered(session: BotSession): void {
    this.sessions.add(session);
    this.pending++;
  }

  registered(): void {
    this.pending--;
  }

  left(session: BotSession): void {
    if (this.sessions.delete(session) && !session.registered) this.pending--;
  }

  open(): Iterable<BotSession> {
    return this.sessions;
  }
}
