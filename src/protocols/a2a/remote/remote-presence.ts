import { Logger } from '@nestjs/common';
import type { RemotesConfig } from '../../../config/remotes.config.js';
import type { AgentCard } from '../../../core/agent.js';
import type { Clock, Timer } from '../../../core/clock.js';
import type { Namespace } from '../../../core/ids.js';
import type { Agent } from '../../../engine/registry/agent.js';
import type { AgentConnection } from '../../../engine/registry/agent-connection.js';
import type { RegistryService } from '../../../engine/registry/registry.service.js';
import { backoff } from './pause.js';
import { wordsOf } from './remote-errors.js';
import type { Reachability } from './remote-fetch.js';

/** Whose presence it is. */
export interface Present {
  readonly connection: AgentConnection;
  readonly namespace: Namespace;
  readonly card: AgentCard;
  /** Looks whether it is there. @throws Error when it is not */
  look(): Promise<void>;
  /** It is not reached any more. */
  gone(): void;
}

/**
 * Whether a remote agent is here. Online from its registration on; offline after some calls in a row that failed, so that tasks go
 * elsewhere or wait; then it is looked for until it is back. A circuit breaker: while it is offline, nothing goes there but the looks.
 */
export class RemotePresence implements Reachability {
  private readonly log = new Logger('RemoteAgent');
  private current: Agent | undefined;
  private failures = 0;
  private timer: Timer | undefined;
  private isStopped = false;
  /** Its last answer, milliseconds since the epoch. */
  lastSeen: number | undefined;
  /** Why it is not here. */
  lastError: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly config: RemotesConfig,
    private readonly registry: RegistryService,
    private readonly who: Present,
  ) {}

  /** The agent in the registry; undefined while it is offline. */
  get agent(): Agent | undefined {
    return this.current && this.registry.isCurrent(this.current) ? this.current : undefined;
  }

  start(): void {
    this.join();
    this.schedule();
  }

  /** Ends looking; the engine is not told: the gateway stops. */
  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  /** It is no agent of this gateway any more. */
  leave(): void {
    this.stop();
    if (this.agent) this.registry.remove(this.agent, 'disconnected');
  }

  /** Its card has changed. */
  amend(): void {
    if (this.agent) this.registry.amend(this.agent, this.who.card);
  }

  answered(): void {
    if (this.isStopped) return;
    this.lastSeen = this.clock.now();
    this.failures = 0;
    if (this.agent) this.registry.touch(this.agent);
    else this.join();
  }

  failed(error: Error): void {
    if (this.isStopped) return;
    this.failures++;
    this.lastError = wordsOf(error);
    if (!this.agent || this.failures < this.config.failures) return;
    const { card, namespace } = this.who;
    const why = this.lastError;
    this.log.warn({ msg: 'remote agent does not answer', agent: card.name, namespace, error: why });
    this.registry.remove(this.agent, 'disconnected');
    this.who.gone();
    this.schedule();
  }

  /** Looks now, and from then on as often as it should. */
  async look(): Promise<void> {
    try {
      await this.who.look();
      this.answered();
    } catch (error) {
      this.failed(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      this.schedule();
    }
  }

  private schedule(): void {
    const { refresh, retryMin, retryMax } = this.config;
    this.timer?.cancel();
    if (this.isStopped) return;
    const wait = this.failures > 0 ? backoff(this.failures, retryMin, retryMax) : refresh;
    this.timer = this.clock.after(wait, () => void this.look().catch(() => undefined));
  }

  private join(): void {
    try {
      this.current = this.registry.admit(this.who.connection, this.who.card, this.who.namespace);
      this.lastError = undefined;
    } catch (error) {
      // A bot has come under its name meanwhile.
      this.lastError = wordsOf(error);
    }
  }
}
