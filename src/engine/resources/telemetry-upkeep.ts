import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { StorageConfig } from '../../config/storage.config.js';
import { Clock } from '../../core/clock.js';
import { TelemetryStore } from './telemetry.store.js';

const SWEEP_MS = 60_000;
/** Points deleted per transaction: small, so that nobody waits behind a sweep. */
const BATCH = 500;

/** Deletes data that are kept no longer, and notices sensors that have fallen silent. */
@Injectable()
export class TelemetryUpkeep {
  private readonly logger = new Logger('Telemetry');
  private sweeping = false;

  constructor(
    private readonly clock: Clock,
    private readonly config: StorageConfig,
    private readonly store: TelemetryStore,
  ) {}

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.sweeping) return;
    this.sweeping = true;
    try {
      await this.store.markStale(this.clock.now());
      while ((await this.store.purge(this.clock.now(), this.config.dataRetention, BATCH)) === BATCH);
    } catch (error) {
      this.logger.error(`sweep failed: ${String(error)}`);
    } finally {
      this.sweeping = false;
    }
  }
}
