import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { WebhooksConfig } from '../../config/webhooks.config.js';
import { Clock, type Timer } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import {
  agentKey,
  DEFAULT_NAMESPACE,
  type AgentName,
  type AgentRef,
  type Namespace,
} from '../../core/ids.js';
import { ANONYMOUS, type Principal } from '../../core/principal.js';
import { AuthService } from '../auth/auth.service.js';
import { Policy } from '../auth/policy.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';
import type { ConnectMember, MemberConnection } from './member-connection.js';
import { cardOf, type Member, type MemberCard, type MemberState } from '../../core/member.js';
import { MemberSecrets } from './member-secrets.js';
import { MemberStore } from './member.store.js';

/** Looks for silent members per heartbeat timeout. */
const TICKS_PER_TIMEOUT = 10;
/** A look that is late by this share of the timeout: the gateway itself stood still, and heartbeats are still unread. */
const STALL_SHARE = 1 / 4;

export interface Registration {
  readonly name: AgentName;
  readonly namespace: Namespace | undefined;
  readonly card: MemberCard;
  /** The signing secret that it has brought. */
  readonly secret: string | undefined;
}

/** `secret` only where the gateway has just made it: it is not shown again. */
export interface Registered {
  readonly member: Member;
  readonly secret: string | undefined;
}

interface Entry {
  member: Member;
  /** There while the member is online. */
  connection: MemberConnection | undefined;
  /** Last sign of life that counts against the timeout; the start of the gateway counts as one. */
  aliveAt: number;
}

/**
 * Agents without a lasting connection (seed 001): registered durably, online while their heartbeats come. Online ones are
 * ordinary agents of the registry.
 */
@Injectable()
export class Members implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Members');
  private readonly entries = new Map<string, Entry>();
  private connect: ConnectMember | undefined;
  private timer: Timer | undefined;
  private lookedAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly config: WebhooksConfig,
    private readonly auth: AuthService,
    private readonly policy: Policy,
    private readonly registry: RegistryService,
    private readonly secrets: MemberSecrets,
    private readonly store: MemberStore,
  ) {
    registry.observe({ left: (agent) => this.leftRegistry(agent) });
  }

  /** Who makes the connections; set before the start. */
  connectBy(connect: ConnectMember): void {
    this.connect = connect;
  }

  /** After the engine has taken up its tasks: whoever was online is so again, and goes on with what it had begun. */
  async onApplicationBootstrap(): Promise<void> {
    for (const member of await this.store.all()) this.takeUp(member);
    this.lookedAt = this.clock.now();
    this.schedule();
  }

  onModuleDestroy(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  /**
   * Takes a member in, or its new card; resolves when that is on disk.
   * @throws GatewayError FORBIDDEN (not granted, or the name is online with other credentials), STORAGE_UNAVAILABLE
   */
  async register(caller: Principal, { name, namespace, card, secret }: Registration): Promise<Registered> {
    const ref = { namespace: this.policy.namespaceFor(caller, namespace) ?? DEFAULT_NAMESPACE, name };
    this.policy.mayRegister(caller, ref);
    this.registry.assertFree(ref, caller);
    this.registry.assertRoom(ref);
    const before = this.entries.get(agentKey(ref))?.member;
    const { secrets, made } = this.secretsFor(card, secret, before);
    const now = this.clock.now();
    const member: Member = {
      ...card,
      ref,
      owner: { id: caller.id, namespace: caller.namespace },
      secrets,
      state: 'online',
      registeredAt: before?.registeredAt ?? now,
      lastHeartbeat: now,
    };
    await this.store.save(member);
    this.enter(member);
    return { member, secret: made };
  }

  /** A sign of life; brings it back when it was offline. @throws GatewayError AGENT_NOT_FOUND, FORBIDDEN */
  heartbeat(caller: Principal, name: AgentName): Member {
    const entry = this.owned(caller, name);
    this.alive(entry);
    return entry.member;
  }

  /** It says goodbye; what it had not begun goes elsewhere. @throws GatewayError as {@link heartbeat} */
  async unregister(caller: Principal, name: AgentName): Promise<void> {
    const entry = this.entryOf(caller, name);
    if (entry?.member.state !== 'disabled') return this.end(this.mine(caller, entry), 'unregistered');
    this.policy.maySpeakFor(caller, entry.member.ref);
    await this.end(entry, 'unregistered');
  }

  /**
   * A new signing secret; the one before stays valid for `overlapMs`, and until then everything carries both signatures.
   * @throws GatewayError as {@link heartbeat}; CONFLICT for a member without a webhook
   */
  async rotateSecret(
    caller: Principal,
    name: AgentName,
    given: string | undefined,
    overlapMs: number,
  ): Promise<string> {
    const entry = this.owned(caller, name);
    if (entry.member.delivery !== 'webhook')
      throw new GatewayError('CONFLICT', 'agent_id: this agent pulls, nothing that it gets is signed');
    const secret = given ?? this.secrets.generate();
    const secrets = this.secrets.rotate(entry.member.secrets, secret, overlapMs);
    await this.store.save({ ...entry.member, secrets });
    // It may have gone, or given a sign of life, meanwhile.
    this.replace(entry, { ...entry.member, secrets });
    return secret;
  }

  /** Its endpoint has said that it is gone for good: nothing is sent until it registers again. Harmless when it has another by now. */
  async disable(ref: AgentRef, webhookUrl: string): Promise<void> {
    const entry = this.entries.get(agentKey(ref));
    if (entry?.member.state === 'online' && entry.member.webhookUrl === webhookUrl)
      await this.end(entry, 'disabled');
  }

  /** Deletes what is on record of those that are not online, and gave their last sign of life before a moment. */
  forgetGone(before: number): void {
    for (const [key, { member }] of this.entries) {
      if (member.state === 'online' || member.lastHeartbeat >= before) continue;
      this.entries.delete(key);
      this.keep(this.store.remove(member.ref));
    }
  }

  /**
   * The connection of the member of that name; whoever asks for its messages or reports on a task is here.
   * @throws GatewayError as {@link heartbeat}
   */
  present(caller: Principal, name: AgentName): MemberConnection {
    return this.wakened(this.mine(caller, this.entryOf(caller, name)));
  }

  /** As {@link present}, for the member at a known place. */
  presentAt(caller: Principal, ref: AgentRef): MemberConnection {
    return this.wakened(this.mine(caller, this.entries.get(agentKey(ref))));
  }

  /** The member of that name that the caller may see; without a namespace the default one comes first. */
  find(caller: Principal, name: AgentName): Member | undefined {
    return this.entryOf(caller, name)?.member;
  }

  byRef(ref: AgentRef): Member | undefined {
    return this.entries.get(agentKey(ref))?.member;
  }

  /** Every member that the caller may see, also those that have said goodbye. */
  list(caller: Principal): Member[] {
    return [...this.entries.values()]
      .map(({ member }) => member)
      .filter(({ ref }) => this.policy.canSee(caller, ref.namespace));
  }

  /** How many have not said goodbye, online or not. */
  get registered(): number {
    let count = 0;
    for (const { member } of this.entries.values()) if (member.state !== 'unregistered') count++;
    return count;
  }

  /** The secret that it brings, the ones that it has, or a new one where the gateway can keep it. */
  private secretsFor(card: MemberCard, brought: string | undefined, before: Member | undefined) {
    if (card.delivery === 'pull') return { secrets: [], made: undefined };
    if (brought !== undefined) return { secrets: [this.secrets.seal(brought)], made: undefined };
    if (before && this.secrets.open(before.secrets).length > 0)
      return { secrets: before.secrets, made: undefined };
    const made = this.secrets.canSeal ? this.secrets.generate() : undefined;
    return { secrets: made === undefined ? [] : [this.secrets.seal(made)], made };
  }

  private entryOf(caller: Principal, name: AgentName): Entry | undefined {
    const namespace = caller.namespace ?? DEFAULT_NAMESPACE;
    const entry = this.entries.get(agentKey({ namespace, name }));
    if (entry || caller.namespace !== null) return entry;
    return [...this.entries.values()].find(({ member }) => member.ref.name === name);
  }

  private owned(caller: Principal, name: AgentName): Entry {
    return this.mine(caller, this.entryOf(caller, name));
  }

  private mine(caller: Principal, entry: Entry | undefined): Entry {
    const state = entry?.member.state ?? 'unregistered';
    if (!entry || state === 'unregistered' || state === 'disabled')
      throw new GatewayError('AGENT_NOT_FOUND', 'agent_id: no such agent');
    this.policy.maySpeakFor(caller, entry.member.ref);
    return entry;
  }

  private wakened(entry: Entry): MemberConnection {
    this.alive(entry);
    if (!entry.connection) throw new Error('a member that is alive has a connection');
    return entry.connection;
  }

  private takeUp(member: Member): void {
    const entry: Entry = { member, connection: undefined, aliveAt: this.clock.now() };
    this.entries.set(agentKey(member.ref), entry);
    if (member.state !== 'online') return;
    // Registered while everybody could: with auth on it must show who it is first.
    if (this.auth.enabled && member.owner.id === ANONYMOUS.id) return this.setState(entry, 'unregistered');
    this.admitOrNot(entry);
  }

  /** One that cannot come in (the quota, another holder of its name) is offline until its next heartbeat; nobody else suffers. */
  private admitOrNot(entry: Entry): unknown {
    try {
      this.admit(entry);
      return undefined;
    } catch (error) {
      const { name, namespace } = entry.member.ref;
      this.logger.warn({ msg: `offline: ${String(error)}`, agent: name, namespace });
      this.setState(entry, 'offline');
      return error;
    }
  }

  private enter(member: Member): void {
    const key = agentKey(member.ref);
    const entry = this.entries.get(key) ?? { member, connection: undefined, aliveAt: 0 };
    this.entries.set(key, entry);
    entry.aliveAt = this.clock.now();
    const kept = entry.connection && entry.member.delivery === member.delivery;
    this.replace(entry, member);
    const refusal = kept ? undefined : this.admitOrNot(entry);
    if (refusal instanceof Error) throw refusal;
  }

  /** The new record counts from now on, also for the connection that is there. */
  private replace(entry: Entry, member: Member): void {
    entry.member = member;
    const { connection } = entry;
    if (!connection?.agent || connection.member.delivery !== member.delivery) return;
    connection.member = member;
    this.registry.amend(connection.agent, cardOf(member));
    this.registry.touch(connection.agent);
  }

  private admit(entry: Entry): void {
    if (!this.connect) throw new Error('no protocol connects members');
    const { member } = entry;
    const connection = this.connect(member);
    connection.agent = this.registry.admit(connection, cardOf(member), member.ref.namespace);
    entry.connection = connection;
    if (entry.member.state !== 'online') this.setState(entry, 'online');
  }

  private alive(entry: Entry): void {
    const now = this.clock.now();
    entry.aliveAt = now;
    entry.member = { ...entry.member, lastHeartbeat: now };
    this.keep(this.store.heartbeat(entry.member.ref, now));
    if (entry.connection?.agent) this.registry.touch(entry.connection.agent);
    else this.comeBack(entry);
  }

  private comeBack(entry: Entry): void {
    if (this.registry.find(entry.member.ref))
      throw new GatewayError('CONFLICT', 'agent_id: this agent is online by another connection');
    this.admit(entry);
  }

  private async end(entry: Entry, state: MemberState): Promise<void> {
    this.leave(entry, 'disconnected');
    entry.member = { ...entry.member, state };
    await this.store.setState(entry.member.ref, state);
  }

  private leave({ connection }: Entry, reason: 'silent' | 'disconnected'): void {
    if (!connection?.agent) return;
    this.registry.remove(connection.agent, reason);
    connection.close('silent');
  }

  /** Whatever took it out of the registry (silence, another connection in its place): it is offline now. */
  private leftRegistry(agent: Agent): void {
    const entry = this.entries.get(agent.key);
    if (!entry || entry.connection !== agent.connection) return;
    entry.connection = undefined;
    this.setState(entry, 'offline');
  }

  private setState(entry: Entry, state: MemberState): void {
    entry.member = { ...entry.member, state };
    this.keep(this.store.setState(entry.member.ref, state));
  }

  private schedule(): void {
    const everyMs = this.config.heartbeatTimeout / TICKS_PER_TIMEOUT;
    this.timer = this.clock.after(everyMs, () => {
      const now = this.clock.now();
      const late = now - this.lookedAt - everyMs;
      this.lookedAt = now;
      this.schedule();
      if (late < this.config.heartbeatTimeout * STALL_SHARE) this.removeSilent(now);
    });
  }

  private removeSilent(now: number): void {
    for (const entry of this.entries.values()) {
      const silentFor = now - entry.aliveAt;
      if (!entry.connection || silentFor < this.config.heartbeatTimeout) continue;
      const { name, namespace } = entry.member.ref;
      this.logger.warn({ msg: 'no heartbeat: offline', agent: name, namespace, silent_ms: silentFor });
      this.leave(entry, 'silent');
    }
  }

  /** The store keeps such writes until they are on disk; anything else is a defect worth a log line. */
  private keep(write: Promise<void>): void {
    write.catch((error: unknown) => this.logger.error(error instanceof Error ? error.stack : String(error)));
  }
}
