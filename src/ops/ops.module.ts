import { Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { AuditModule } from '../engine/audit/audit.module.js';
import { AuthModule } from '../engine/auth/auth.module.js';
import { RevocationList } from '../engine/auth/revocation.js';
import { TaskStore } from '../engine/tasks/task.store.js';
import { LimitsModule } from '../engine/limits/limits.module.js';
import { RegistryModule } from '../engine/registry/registry.module.js';
import { ResourcesModule } from '../engine/resources/resources.module.js';
import { MessagesModule } from '../engine/messages/messages.module.js';
import { TasksModule } from '../engine/tasks/tasks.module.js';
import { HealthController } from './health/health.controller.js';
import { HealthService } from './health/health.service.js';

import { AuditWatch } from './audit/audit-watch.js';
import { TaskLines } from './logs/task-lines.js';
import { Metrics } from './metrics/metrics.js';
import { MetricsCollector } from './metrics/metrics-collector.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { API_FRAGMENTS, DocsController } from './openapi/docs.controller.js';
import { OPS_API } from './openapi/ops.openapi.js';
import type { ApiFragment } from '../transport/openapi/fragment.js';
import { RequestWatch } from './request-watch.js';

export interface OpsOptions {
  /** Of this gateway. */
  readonly version: string;
  /** The HTTP APIs of all protocols, described. */
  readonly apis: readonly ApiFragment[];
  /** Whether /openapi.json and /docs are served. */
  readonly docs: boolean;
}

/** What operators look at. Needs a global {@link Clock} and {@link TaskStore}. */
@Module({})
export class OpsModule implements OnModuleInit {
  constructor(
    private readonly health: HealthService,
    private readonly store: TaskStore,
    private readonly revocations: RevocationList,
  ) {}

  static of({ version, apis, docs }: OpsOptions): DynamicModule {
    const metrics = { provide: Metrics, useFactory: () => new Metrics(version) };
    const fragments = { provide: API_FRAGMENTS, useValue: [...apis, OPS_API] };
    const health = {
      provide: HealthService,
      useFactory: (clock: Clock) => new HealthService(clock, version),
      inject: [Clock],
    };
    return {
      module: OpsModule,
      imports: [
        AuditModule,
        AuthModule,
        LimitsModule,
        MessagesModule,
        RegistryModule,
        ResourcesModule,
        TasksModule,
      ],
      controllers: [HealthController, MetricsController, ...(docs ? [DocsController] : [])],
      providers: [health, metrics, fragments, AuditWatch, MetricsCollector, RequestWatch, TaskLines],
      exports: [HealthService, RequestWatch],
    };
  }

  onModuleInit(): void {
    this.health.register('storage', () =>
      this.store.available ? { ok: true } : { ok: false, detail: 'takes no writes now; reads go on' },
    );
    // An old list raises an alarm; it does not take the gateway out of service.
    if (this.revocations.status().configured)
      this.health.register('revocation_list', () => {
        const [detail] = this.revocations.status().alarms;
        return detail === undefined ? { ok: true } : { ok: true, detail };
      });
  }
}
