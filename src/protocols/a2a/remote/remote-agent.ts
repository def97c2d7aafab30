import type { AgentCard, AgentView } from '../../../core/agent.js';
import type { AgentMessage } from '../../../core/agent-message.js';
import type { TaskId } from '../../../core/ids.js';
import { isObject } from '../../../core/json.js';
import { OutgoingError, type OutgoingHttp } from '../../../core/outgoing-http.js';
import type { Agent } from '../../../engine/registry/agent.js';
import type { RegistryService } from '../../../engine/registry/registry.service.js';
import type { RemoteAgentRecord } from '../../../engine/registry/remote-agent.store.js';
import type { Access } from './access.js';
import { readCard, toAgentCard } from './remote-card.js';
import { type Protocol, RemoteClient } from './remote-client.js';
import { RemoteConnection } from './remote-connection.js';
import { isTransport } from './remote-errors.js';
import { deliver } from './remote-mail.js';
import type { RemoteIds } from './remote-message.js';
import { type Present, RemotePresence } from './remote-presence.js';
import { type RunAgent, type RunParts, RemoteRuns } from './remote-runs.js';

/** A registration as this process works with it. */
export interface Registered {
  readonly record: RemoteAgentRecord;
  readonly access: Access;
}

export interface RemoteParts extends RunParts {
  readonly door: OutgoingHttp;
  readonly registry: RegistryService;
  /** The registration with a new card; undefined: the card is the same. @throws GatewayError UPSTREAM */
  renewed(registered: Registered): Promise<Registered | undefined>;
}

/** What `GET /agents/:id` tells beyond what the list shows. */
export interface RemoteDetails {
  readonly view: AgentView;
  readonly record: RemoteAgentRecord;
  readonly auth: Access['type'];
  readonly streaming: boolean;
  /** Undefined until it is first called. */
  readonly protocol: Protocol | undefined;
  readonly lastError: string | undefined;
}

/** No task has this id: asking for it shows whether somebody answers. */
const NO_TASK = '00000000-0000-4000-8000-000000000000';

/** One remote agent with its registration, its presence and its tasks. */
export class RemoteAgent implements RunAgent, Present {
  readonly connection: RemoteConnection;
  readonly runs: RemoteRuns;
  private readonly presence: RemotePresence;
  private connecting: Promise<RemoteClient> | undefined;
  private protocol: Protocol | undefined;
  private registeredCard: AgentCard;
  /** Why its card could not be renewed. */
  private cardError: string | undefined;

  constructor(
    private registered: Registered,
    known: Map<TaskId, RemoteIds>,
    private readonly parts: RemoteParts,
  ) {
    this.registeredCard = cardOf(registered.record);
    this.runs = new RemoteRuns(this, parts, known);
    this.connection = new RemoteConnection(this.ref, this.runs, (message) => this.deliver(message));
    this.presence = new RemotePresence(parts.clock, parts.config, parts.registry, this);
  }

  get ref() {
    return this.registered.record.ref;
  }

  get namespace() {
    return this.ref.namespace;
  }

  get card(): AgentCard {
    return this.registeredCard;
  }

  get streams(): boolean {
    const { streaming, card } = this.registered.record;
    const { capabilities } = card;
    return streaming ?? (isObject(capabilities) && capabilities['streaming'] === true);
  }

  get nameSkill(): boolean {
    return this.card.skills.length > 1;
  }

  /** Joins the registry and takes up what was under way. */
  start(): void {
    this.presence.start();
    this.runs.takeUp();
  }

  /** The gateway stops; the next process goes on. */
  stop(): void {
    this.presence.stop();
    this.runs.stop();
  }

  /** It is registered no more: its tasks are lost to it. */
  leave(): void {
    this.runs.stop();
    this.presence.leave();
  }

  /** Its registration has changed: new card, new credentials. */
  update(registered: Registered): void {
    this.registered = registered;
    this.registeredCard = cardOf(registered.record);
    this.connecting = undefined;
    this.presence.amend();
    this.presence.answered();
  }

  client(): Promise<RemoteClient> {
    this.connecting ??= this.connect().catch((error: unknown) => {
      this.connecting = undefined;
      throw error;
    });
    return this.connecting;
  }

  private async connect(): Promise<RemoteClient> {
    const { record, access } = this.registered;
    const { presence: reachability } = this;
    const client = await RemoteClient.of(await readCard(record), {
      ...this.parts,
      access,
      reachability,
    });
    this.protocol = client.protocol;
    return client;
  }

  private async deliver(message: AgentMessage): Promise<void> {
    await deliver(await this.client(), message, AbortSignal.timeout(this.parts.config.timeout));
  }

  present(heard: boolean): Agent | undefined {
    if (heard && !this.presence.agent) this.presence.answered();
    return this.presence.agent;
  }

  gone(): void {
    this.runs.dropUnsent();
  }

  /** Looks at the card, and where it was not reached at the agent itself. @throws Error when somebody does not answer */
  async look(): Promise<void> {
    await this.renew();
    if (this.presence.agent) return;
    const client = await this.client();
    try {
      await client.task(NO_TASK, AbortSignal.timeout(this.parts.config.timeout));
    } catch (error) {
      if (isTransport(error)) throw error;
    }
  }

  /** As {@link look}, for somebody who waits for the answer. @throws GatewayError UPSTREAM */
  async refresh(): Promise<void> {
    await this.presence.look();
  }

  /** A card that is gone or wrong changes nothing: the one that is known counts. */
  private async renew(): Promise<void> {
    try {
      const renewed = await this.parts.renewed(this.registered);
      this.cardError = undefined;
      if (renewed) this.update(renewed);
    } catch (error) {
      if (error instanceof Error && error.cause instanceof OutgoingError) throw error;
      this.cardError = error instanceof Error ? error.message : String(error);
    }
  }

  details(): RemoteDetails {
    const { record, access } = this.registered;
    const { streams: streaming, protocol, presence, cardError } = this;
    const lastError = presence.agent ? cardError : (presence.lastError ?? cardError);
    return { view: this.view(), record, auth: access.type, streaming, protocol, lastError };
  }

  /** As the registry shows it, or, offline, would. */
  view(): AgentView {
    const { agent, lastSeen } = this.presence;
    if (agent) return agent.view();
    const { createdAt, updatedAt } = this.registered.record;
    return {
      card: this.card,
      namespace: this.namespace,
      kind: this.connection.kind,
      load: 0,
      status: 'offline',
      connectedAt: createdAt,
      lastSeen: lastSeen ?? updatedAt,
    };
  }

  get isOnline(): boolean {
    return this.presence.agent !== undefined;
  }
}

const cardOf = ({ card, ref, maxConcurrency }: RemoteAgentRecord): AgentCard =>
  toAgentCard(card, ref.name, maxConcurrency);
