import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { AuditConfig } from '../../config/audit.config.js';
import { Clock } from '../../core/clock.js';
import { AuditStore } from './audit.store.js';

const SWEEP_MS = 60_000;
/** Commits whose entries are deleted per transaction: small, so that nobody waits behind a sweep. */
const BATCH = 100;

/** Deletes entries that are older than the retention; what is left can be verified from there on. */
@Injectable()
export class AuditRetention {
  private readonly logger = new Logger('Audit');
  private sweeping = false;

  constructor(
    private readonly clock: Clock,
    private readonly config: AuditConfig,
    private readonly store: AuditStore,
  ) {}

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.sweeping || !this.store.available) return;
    this.sweeping = true;
    const before = this.clock.now() - this.config.retention;
    try {
      for (const chain of await this.store.chains())
        while ((await this.store.purge(chain, before, BATCH)) === BATCH);
    } catch (error) {
      this.logger.error(`sweep failed: ${String(error)}`);
    } finally {
      this.sweeping = false;
    }
  }
}
