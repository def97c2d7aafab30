import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { StorageConfig } from '../../config/storage.config.js';
import { Clock } from '../../core/clock.js';
import { Members } from './members.service.js';

const SWEEP_MS = 60_000;

/** Forgets agents that said goodbye longer ago than the retention. */
@Injectable()
export class MemberRetention {
  constructor(
    private readonly clock: Clock,
    private readonly config: StorageConfig,
    private readonly members: Members,
  ) {}

  @Interval(SWEEP_MS)
  sweep(): void {
    this.members.forgetGone(this.clock.now() - this.config.retention);
  }
}
