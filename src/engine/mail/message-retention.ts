import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { StorageConfig } from '../../config/storage.config.js';
import { Clock } from '../../core/clock.js';
import { MessageStore } from './message.store.js';

const SWEEP_MS = 60_000;
/** Messages deleted per transaction: small, so that nobody waits behind a sweep. */
const BATCH = 200;

/** Deletes messages older than the retention, read or not; what is still on its way stays. */
@Injectable()
export class MessageRetention {
  private readonly logger = new Logger('MessageRetention');
  private sweeping = false;

  constructor(
    private readonly clock: Clock,
    private readonly config: StorageConfig,
    private readonly store: MessageStore,
  ) {}

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.sweeping || !this.store.available) return;
    this.sweeping = true;
    try {
      while ((await this.store.purge(this.clock.now() - this.config.retention, BATCH)) === BATCH);
    } catch (error) {
      this.logger.error(`sweep failed: ${String(error)}`);
    } finally {
      this.sweeping = false;
    }
  }
}
