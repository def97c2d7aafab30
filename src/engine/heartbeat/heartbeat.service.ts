import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HeartbeatConfig } from '../../config/heartbeat.config.js';
import { Clock, type Timer } from '../../core/clock.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';

/** A round of pings is spread over this many ticks, so that 10,000 agents are not pinged at one instant. */
const TICKS_PER_INTERVAL = 10;
/** A tick that is late by this share of the timeout: the gateway itself stood still, and what agents have sent is still unread. */
const STALL_SHARE = 1 / 4;

/**
 * Pings every agent once an interval and removes those that have been silent for the timeout (seed 000: 10 s and 30 s),
 * at most a tenth of an interval later.
 */
@Injectable()
export class HeartbeatService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Heartbeat');
  private readonly slots: Set<Agent>[] = Array.from({ length: TICKS_PER_INTERVAL }, () => new Set<Agent>());
  private readonly slotOf = new Map<Agent, Set<Agent>>();
  private tick = 0;
  private tickedAt = 0;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly config: HeartbeatConfig,
    private readonly registry: RegistryService,
  ) {
    registry.observe({ joined: (agent) => this.follow(agent), left: (agent) => this.forget(agent) });
  }

  onApplicationBootstrap(): void {
    this.tickedAt = this.clock.now();
    this.schedule();
  }

  onModuleDestroy(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** An agent's first ping comes one interval after it joined. */
  private follow(agent: Agent): void {
    const slot = this.slots[this.tick % TICKS_PER_INTERVAL]!;
    slot.add(agent);
    this.slotOf.set(agent, slot);
  }

  private forget(agent: Agent): void {
    this.slotOf.get(agent)?.delete(agent);
    this.slotOf.delete(agent);
  }

  private get tickMs(): number {
    return this.config.interval / TICKS_PER_INTERVAL;
  }

  private schedule(): void {
    this.timer = this.clock.after(this.tickMs, () => {
      this.schedule();
      this.onTick(this.clock.now());
    });
  }

  private onTick(now: number): void {
    const late = now - this.tickedAt - this.tickMs;
    this.tickedAt = now;
    this.tick++;
    if (late < this.config.timeout * STALL_SHARE) this.removeSilent(now);
    for (const agent of this.slots[this.tick % TICKS_PER_INTERVAL]!) agent.connection.ping();
  }

  private removeSilent(now: number): void {
    const { timeout } = this.config;
    for (const agent of this.slotOf.keys())
      if (now - agent.lastSeen >= timeout && !agent.connection.paused)
        this.removeAgent(agent, now - agent.lastSeen);
  }

  private removeAgent(agent: Agent, silentFor: number): void {
    const { namespace, card } = agent;
    this.logger.warn({ msg: 'agent silent: removed', agent: card.name, namespace, silent_ms: silentFor });
    this.registry.remove(agent, 'silent');
    agent.connection.close('silent');
  }
}
