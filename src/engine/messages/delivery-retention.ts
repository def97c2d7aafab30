import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { StorageConfig } from '../../config/storage.config.js';
import { Clock } from '../../core/clock.js';
import { OutboxStore } from './outbox.store.js';

const SWEEP_MS = 60_000;
/** Deliveries deleted per transaction: small, so that nobody waits behind a sweep. */
const BATCH = 200;

/** Deletes deliveries that ended longer ago than the retention, dead letters too. */
@Injectable()
export class DeliveryRetention {
  private readonly logger = new Logger('Retention');
  private sweeping = false;

  constructor(
    private readonly clock: Clock,
    private readonly config: StorageConfig,
    private readonly store: OutboxStore,
  ) {}

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.sweeping || !this.store.available) return;
    this.sweeping = true;
    try {
      while ((await this.store.purge(this.clock.now() - this.config.retention, BATCH)) === BATCH);
    } catch (error) {
      this.logger.error(`sweep of deliveries failed: ${String(error)}`);
    } finally {
      this.sweeping = false;
    }
  }
}
