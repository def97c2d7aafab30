import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { isTerminal, TASK_STATES } from '../../core/task-states.js';
import type { Agent } from '../../engine/registry/agent.js';
import { TelemetryService } from '../../engine/resources/telemetry.service.js';
import { DeliveryLoop } from '../../engine/messages/delivery-loop.js';
import { OutboxStore } from '../../engine/messages/outbox.store.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import type { LiveTask } from '../../engine/tasks/live-task.js';
import { LiveTasks } from '../../engine/tasks/live-tasks.js';
import { TaskStore } from '../../engine/tasks/task.store.js';
import { WaitingQueue } from '../../engine/tasks/waiting-queue.js';
import { SseStreams } from '../../transport/http/sse.js';
import { SafeOutgoingHttp } from '../../transport/outgoing/safe-outgoing-http.js';
import { Metrics } from './metrics.js';

const OPEN_STATES = TASK_STATES.filter((state) => !isTerminal(state));

/** Fills the metrics: counts what happens as it happens, and looks at what is there when somebody asks. */
@Injectable()
export class MetricsCollector {
  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly registry: RegistryService,
    private readonly live: LiveTasks,
    private readonly waiting: WaitingQueue,
    private readonly store: TaskStore,
    private readonly streams: SseStreams,
    private readonly outbox: OutboxStore,
    outgoing: SafeOutgoingHttp,
    telemetry: TelemetryService,
    loop: DeliveryLoop,
  ) {
    live.observe({
      submitted: () => metrics.submitted.inc(),
      ended: (task) => this.taskEnded(task),
    });
    registry.observe({ left: (_, reason) => metrics.agentsLeft.inc({ reason }) });
    outgoing.observe((purpose, outcome, ms) => {
      metrics.outgoing.inc({ purpose, outcome });
      metrics.outgoingSeconds.observe({ purpose }, ms / 1000);
    });
    telemetry.observe((quality, result) => metrics.dataPoints.inc({ quality, result }));
    loop.observe({
      tried: (kind, outcome, ms) => {
        metrics.deliveryTries.inc({ kind, outcome });
        if (ms !== undefined) metrics.deliverySeconds.observe({ kind }, ms / 1000);
      },
    });
    store.onCommit((writes, ms) => {
      metrics.commitSeconds.observe(ms / 1000);
      metrics.commitWrites.observe(writes);
    });
  }

  /** All metrics as text for Prometheus. */
  async text(): Promise<string> {
    this.lookAround();
    await this.countDeliveries();
    return this.metrics.registry.metrics();
  }

  private taskEnded({ record, handedAt }: LiveTask): void {
    const { metrics } = this;
    const now = this.clock.now();
    const outcome = record.state;
    metrics.ended.inc({ outcome, code: record.error?.code ?? '' });
    metrics.taskSeconds.observe({ outcome }, (now - record.createdAt) / 1000);
    if (handedAt === undefined) return;
    metrics.queueSeconds.observe((handedAt - record.createdAt) / 1000);
    metrics.runSeconds.observe({ outcome }, (now - handedAt) / 1000);
  }

  private lookAround(): void {
    const { metrics } = this;
    metrics.queueDepth.set(this.waiting.size);
    metrics.streams.set(this.streams.size);
    metrics.storageAvailable.set(this.store.available ? 1 : 0);
    this.countTasks();
    this.countAgents(this.registry.all());
  }

  /** While the storage cannot be read the figures stay as they were. */
  private async countDeliveries(): Promise<void> {
    const counts = await this.outbox.counts().catch(() => ({}));
    for (const [state, count] of Object.entries(counts)) this.metrics.deliveries.set({ state }, count);
  }

  private countTasks(): void {
    for (const state of OPEN_STATES) this.metrics.open.set({ state }, 0);
    for (const { record, ended } of this.live) if (!ended) this.metrics.open.inc({ state: record.state });
  }

  private countAgents(agents: Iterable<Agent>): void {
    const { agents: count, agentLoad, agentCapacity } = this.metrics;
    for (const gauge of [count, agentLoad, agentCapacity]) gauge.reset();
    for (const { connection, load, card } of agents) {
      const { kind } = connection;
      count.inc({ kind });
      agentLoad.inc({ kind }, load);
      agentCapacity.inc({ kind }, card.maxConcurrency);
    }
  }
}
