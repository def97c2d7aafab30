import { Injectable } from '@nestjs/common';
import { QuotasConfig } from '../../config/quotas.config.js';
import { Quota } from '../../core/quota.js';
import { LiveTasks } from './live-tasks.js';

/** Tasks that a namespace may have open at once, those of the process before included. */
@Injectable()
export class TaskQuota extends Quota {
  constructor(config: QuotasConfig, live: LiveTasks) {
    super('open tasks', config.tasks);
    live.observe({
      takenUp: ({ record }) => this.add(record.namespace),
      ended: ({ record }) => this.release(record.namespace),
    });
  }
}
