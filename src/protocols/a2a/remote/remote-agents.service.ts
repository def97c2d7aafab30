import type { AgentInterface } from '@a2a-js/sdk';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { RemotesConfig } from '../../../config/remotes.config.js';
import { StorageConfig } from '../../../config/storage.config.js';
import { Clock } from '../../../core/clock.js';
import { GatewayError } from '../../../core/errors.js';
import {
  agentKey,
  type AgentRef,
  DEFAULT_NAMESPACE,
  type Namespace,
  type TaskId,
} from '../../../core/ids.js';
import { OutgoingHttp } from '../../../core/outgoing-http.js';
import type { Principal } from '../../../core/principal.js';
import { SecretBox } from '../../../core/secret-box.js';
import { Policy } from '../../../engine/auth/policy.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import { type RemoteAgentRecord, RemoteAgentStore } from '../../../engine/registry/remote-agent.store.js';
import { LiveTasks } from '../../../engine/tasks/live-tasks.js';
import { TasksService } from '../../../engine/tasks/tasks.service.js';
import { Access } from './access.js';
import { grpcAddress, hostPort } from './checked-grpc.js';
import { CardSignatures } from './card-signature.js';
import { CardSource, type FetchedCard } from './card-source.js';
import type { Credentials } from './credentials.js';
import type { Registration } from './registration.js';
import { type CardPlace, readCard, toAgentCard, unusable } from './remote-card.js';
import { type Registered, RemoteAgent, type RemoteDetails, type RemoteParts } from './remote-agent.js';
import type { RemoteIds } from './remote-message.js';

const HOUR_MS = 60 * 60_000;

/** The remote A2A agents of this gateway: registered by the URL of their card, kept over restarts. */
@Injectable()
export class RemoteAgents implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('RemoteAgent');
  private readonly agents = new Map<string, RemoteAgent>();
  private readonly cards: CardSource;
  private readonly signatures: CardSignatures;
  private readonly parts: RemoteParts;

  constructor(
    private readonly clock: Clock,
    private readonly config: RemotesConfig,
    private readonly storage: StorageConfig,
    private readonly door: OutgoingHttp,
    private readonly box: SecretBox,
    private readonly policy: Policy,
    private readonly registry: RegistryService,
    private readonly store: RemoteAgentStore,
    tasks: TasksService,
    live: LiveTasks,
  ) {
    this.cards = new CardSource(door, config.timeout);
    this.signatures = new CardSignatures(door, config.cardKeys, config.timeout);
    const renewed = (registered: Registered) => this.renewed(registered);
    this.parts = { clock, config, door, registry, store, tasks, live, renewed };
    registry.alsoList(() => this.offline());
  }

  /** Before any listener opens, and after the engine has taken up its tasks. */
  async onApplicationBootstrap(): Promise<void> {
    const [records, runs] = await Promise.all([this.store.all(), this.store.runs()]);
    const known = new Map<string, Map<TaskId, RemoteIds>>();
    for (const { ref, taskId, remoteTaskId, remoteContextId } of runs) {
      const key = agentKey(ref);
      const ids = { taskId: remoteTaskId, contextId: remoteContextId };
      known.set(key, (known.get(key) ?? new Map<TaskId, RemoteIds>()).set(taskId, ids));
    }
    for (const record of records)
      this.takeUp(record, known.get(agentKey(record.ref)) ?? new Map<TaskId, RemoteIds>());
  }

  beforeApplicationShutdown(): void {
    for (const agent of this.agents.values()) agent.stop();
  }

  @Interval(HOUR_MS)
  async sweep(): Promise<void> {
    await this.store
      .purgeContexts(this.clock.now() - this.storage.retention)
      .catch((error: unknown) => this.log.error(`contexts not swept: ${String(error)}`));
  }

  /**
   * Registers an agent, or registers it anew: everything is as this registration says, credentials included.
   * @throws GatewayError INVALID, FORBIDDEN, CONFLICT (a bot has the name, or no key for credentials), UPSTREAM with the reason
   */
  async register(caller: Principal, registration: Registration): Promise<RemoteDetails> {
    this.policy.requireRight(caller, 'admin');
    const namespace = this.policy.namespaceFor(caller, registration.namespace) ?? DEFAULT_NAMESPACE;
    const { cardUrl, credentials } = registration;
    this.door.check(cardUrl, 'card_url');
    if (credentials?.type === 'oauth2') this.door.check(credentials.tokenUrl, 'auth.token_url');
    const auth = credentials ? this.box.seal(JSON.stringify(credentials)) : null;
    const access = this.access(credentials);
    const found = await this.cards.find(cardUrl, access);
    const signature = await this.checked(found);
    const { name } = toAgentCard(found.card, registration.name, registration.maxConcurrency);
    const ref = { namespace, name };
    this.policy.mayRegister(caller, ref);
    this.assertFree(ref);
    const record = { ...this.recordOf(ref, registration, found, caller), auth, signature };
    await this.store.save(record);
    return this.put({ record, access }).details();
  }

  /** Undefined: no remote agent that the caller may see is called this. */
  find(caller: Principal, name: string, namespace?: Namespace): RemoteDetails | undefined {
    return this.lookUp(caller, name, namespace)?.details();
  }

  /** Looks at card and agent now. @throws GatewayError AGENT_NOT_FOUND, CONFLICT for a bot, UPSTREAM with the reason */
  async refresh(caller: Principal, name: string, namespace?: Namespace): Promise<RemoteDetails> {
    this.policy.requireRight(caller, 'admin');
    const agent = this.lookUp(caller, name, namespace);
    if (!agent) throw this.isConnected(caller, name) ? stillConnected(name) : notFound();
    try {
      await agent.refresh();
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new GatewayError('UPSTREAM', `the agent does not answer: ${reason}`, { cause: error });
    }
    return agent.details();
  }

  /** Takes an agent out; its tasks follow the loss policy. @throws GatewayError AGENT_NOT_FOUND, CONFLICT for a bot */
  async remove(caller: Principal, name: string, namespace?: Namespace): Promise<void> {
    this.policy.requireRight(caller, 'admin');
    const agent = this.lookUp(caller, name, namespace);
    if (!agent) throw this.isConnected(caller, name) ? stillConnected(name) : notFound();
    await this.store.remove(agent.ref);
    this.agents.delete(agentKey(agent.ref));
    agent.leave();
  }

  private takeUp(record: RemoteAgentRecord, known: Map<TaskId, RemoteIds>): void {
    try {
      const opened =
        record.auth === null ? undefined : (JSON.parse(this.box.open(record.auth)) as Credentials);
      const agent = new RemoteAgent({ record, access: this.access(opened) }, known, this.parts);
      this.agents.set(agentKey(record.ref), agent);
      agent.start();
    } catch (error) {
      const { namespace, name } = record.ref;
      const reason = error instanceof Error ? error.message : String(error);
      this.log.error({ msg: 'remote agent not taken up', agent: name, namespace, error: reason });
    }
  }

  private put(registered: Registered): RemoteAgent {
    const key = agentKey(registered.record.ref);
    const current = this.agents.get(key);
    if (current) {
      current.update(registered);
      return current;
    }
    const agent = new RemoteAgent(registered, new Map(), this.parts);
    this.agents.set(key, agent);
    agent.start();
    return agent;
  }

  /** A changed card is checked as the first one was. Credentials do not follow a card to another server. */
  private async renewed({ record, access }: Registered): Promise<Registered | undefined> {
    const found = await this.cards.changed(record.foundAt, record.etag, access);
    if (!found || JSON.stringify(found.card) === JSON.stringify(record.card)) return undefined;
    const signature = await this.checked(found);
    toAgentCard(found.card, record.ref.name, record.maxConcurrency);
    if (record.auth !== null && (await originsOf(found)) !== (await originsOf(record)))
      throw unusable('it names another server now; register the agent again if that is right');
    const updatedAt = this.clock.now();
    const renewed = { ...record, card: found.card, etag: found.etag, signature, updatedAt };
    await this.store.save(renewed);
    return { record: renewed, access };
  }

  /** @throws GatewayError INVALID (an address that is not allowed), UPSTREAM (no interface, a wrong signature) */
  private async checked(found: FetchedCard) {
    const card = await readCard(found);
    const [first] = card.supportedInterfaces;
    if (!first) throw unusable('it names no interface');
    for (const one of card.supportedInterfaces)
      this.door.check(checkable(one), 'card.supportedInterfaces.url');
    return this.signatures.check(card, found.foundAt);
  }

  private recordOf(
    ref: AgentRef,
    { cardUrl, maxConcurrency, streaming }: Registration,
    { card, foundAt, etag }: FetchedCard,
    { id: createdBy }: Principal,
  ): Omit<RemoteAgentRecord, 'auth' | 'signature'> {
    const now = this.clock.now();
    const createdAt = this.agents.get(agentKey(ref))?.details().record.createdAt ?? now;
    return {
      ref,
      cardUrl,
      foundAt,
      card,
      etag,
      maxConcurrency,
      streaming,
      createdBy,
      createdAt,
      updatedAt: now,
    };
  }

  private access(credentials: Credentials | undefined): Access {
    return new Access(credentials, this.door, this.clock, this.config.timeout);
  }

  private assertFree(ref: AgentRef): void {
    const current = this.registry.find(ref);
    if (current && !this.agents.has(agentKey(ref)))
      throw new GatewayError('CONFLICT', `name: an agent "${ref.name}" of another kind is online`);
  }

  private *offline() {
    for (const agent of this.agents.values()) if (!agent.isOnline) yield agent.view();
  }

  private lookUp(caller: Principal, name: string, asked: Namespace | undefined): RemoteAgent | undefined {
    this.policy.requireRight(caller, 'read');
    const namespace = this.policy.namespaceFor(caller, asked);
    for (const agent of this.agents.values())
      if (agent.ref.name === name && (namespace === null || agent.namespace === namespace)) return agent;
    return undefined;
  }

  private isConnected(caller: Principal, name: string): boolean {
    return this.registry.list(caller).some(({ card }) => card.name === name);
  }
}

async function originsOf(place: CardPlace): Promise<string> {
  const { supportedInterfaces } = await readCard(place);
  const origins = supportedInterfaces.map(({ url }) => (URL.canParse(url) ? new URL(url).origin : url));
  return [...new Set(origins)].sort().join(' ');
}

/** The door knows http and https. */
function checkable({ url, protocolBinding }: AgentInterface): string {
  const grpc = protocolBinding.toUpperCase() === 'GRPC' ? grpcAddress(url) : undefined;
  return grpc ? `http://${hostPort(grpc)}` : url;
}

const notFound = (): GatewayError => new GatewayError('AGENT_NOT_FOUND', 'id: no such agent');

const stillConnected = (name: string): GatewayError =>
  new GatewayError('CONFLICT', `id: "${name}" is connected by itself and leaves by itself`);
