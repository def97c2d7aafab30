import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { IdSource, type AgentName, type Namespace } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { Page } from '../../core/page.js';
import type { Principal } from '../../core/principal.js';
import type { RouteEndpoint, RouteRecord } from '../../core/route.js';
import { Policy } from '../auth/policy.js';
import { Members } from '../members/members.service.js';
import { RegistryService } from '../registry/registry.service.js';
import { createOnce, fingerprintOf, requireVersion, type Created } from '../resources/kept.js';
import { namespaceOf, ResourcesService } from '../resources/resources.service.js';
import { Turns } from '../resources/turns.js';
import { consider, firstEndpoint, type Considered, type Party } from './route-match.js';
import { RouteStore, type RouteQuery } from './route.store.js';

/** What a caller says about a rule. */
export type RouteDraft = Omit<RouteRecord, 'namespace' | 'id' | 'createdAt' | 'updatedAt' | 'version'>;

/** Which rule a message would take. */
export interface RouteMatch {
  readonly route: RouteRecord;
  readonly endpoint: RouteEndpoint;
  readonly considered: readonly Considered[];
}

/** The rules of routing (seed 004, 3.3.1). */
@Injectable()
export class RoutesService {
  private readonly turns = new Turns();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly policy: Policy,
    private readonly store: RouteStore,
    private readonly registry: RegistryService,
    private readonly members: Members,
    private readonly resources: ResourcesService,
  ) {}

  /**
   * Creates it, durably; the same content under the same id again finds what is there.
   * @throws GatewayError FORBIDDEN; CONFLICT (id taken by other content)
   */
  async create(
    caller: Principal,
    draft: RouteDraft,
    id: string = this.ids.timeOrderedUuid(),
  ): Promise<Created<RouteRecord>> {
    this.policy.requireRight(caller, 'admin');
    const now = this.clock.now();
    const record = {
      namespace: namespaceOf(caller),
      id,
      ...draft,
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    return createOnce(this.turns, this.store, record, fingerprintOf(draft), () => Promise.resolve());
  }

  /** @throws GatewayError NOT_FOUND */
  async get(caller: Principal, id: string): Promise<RouteRecord> {
    this.policy.requireRight(caller, 'read');
    const found = await this.store.find(namespaceOf(caller), id);
    if (found) return found.record;
    throw new GatewayError('NOT_FOUND', 'Route not found', { data: { route_id: id } });
  }

  /** Changes it to what `change` makes of it. @throws GatewayError FORBIDDEN; NOT_FOUND; CONFLICT (version) */
  change(
    caller: Principal,
    id: string,
    change: (record: RouteRecord) => RouteDraft,
    expected?: number,
  ): Promise<RouteRecord> {
    this.policy.requireRight(caller, 'admin');
    return this.turns.take([namespaceOf(caller), id], async () => {
      const record = await this.get(caller, id);
      requireVersion(record, expected);
      const step = { updatedAt: this.clock.now(), version: record.version + 1 };
      const after = { ...record, ...change(record), ...step };
      await this.store.replace(after);
      return after;
    });
  }

  /** @throws GatewayError FORBIDDEN; NOT_FOUND; CONFLICT (version) */
  remove(caller: Principal, id: string, expected?: number): Promise<void> {
    this.policy.requireRight(caller, 'admin');
    return this.turns.take([namespaceOf(caller), id], async () => {
      const record = await this.get(caller, id);
      requireVersion(record, expected);
      await this.store.remove(record);
    });
  }

  async list(caller: Principal, query: RouteQuery): Promise<Page<RouteRecord>> {
    this.policy.requireRight(caller, 'read');
    return this.store.list(namespaceOf(caller), query);
  }

  /**
   * Which rule a message from one to the other would take, and why not those before it. Changes nothing.
   * @throws GatewayError AGENT_NOT_FOUND (nobody knows the sender), NOT_FOUND (no rule matches)
   */
  async match(caller: Principal, sourceId: string, destinationId: string): Promise<RouteMatch> {
    this.policy.requireRight(caller, 'read');
    const source = await this.party(caller, sourceId);
    if (!source)
      throw new GatewayError('AGENT_NOT_FOUND', 'Agent not found', { data: { agent_id: sourceId } });
    const routes = await this.store.enabled(namespaceOf(caller));
    const considered = consider(routes, source, await this.party(caller, destinationId));
    const last = considered.at(-1);
    if (!last?.matches) throw noRoute(considered);
    return { route: last.route, endpoint: firstEndpoint(last.route), considered };
  }

  /** An agent by its id, whatever it came by. */
  private async party(caller: Principal, id: string): Promise<Party | undefined> {
    const namespace = namespaceOf(caller);
    const ref = { namespace, name: id as AgentName };
    const member = this.members.byRef(ref);
    if (member) {
      const { type, capabilities, metadata } = member;
      return this.located(namespace, { id, type: type ?? member.delivery, capabilities, metadata });
    }
    const agent = this.registry.find(ref);
    if (!agent) return undefined;
    const { skills, extra = {} } = agent.card;
    const capabilities = skills.map((skill) => skill.id);
    return this.located(namespace, { id, type: agent.connection.kind, capabilities, metadata: extra });
  }

  private async located(namespace: Namespace, party: Omit<Party, 'places'>): Promise<Party> {
    return { ...party, places: await this.resources.placesOf(namespace, zoneIn(party.metadata)) };
  }
}

const zoneIn = ({ zone_id: zone }: JsonObject): string | null => (typeof zone === 'string' ? zone : null);

const noRoute = (considered: readonly Considered[]): GatewayError =>
  new GatewayError('NOT_FOUND', 'No route', {
    data: {
      reason: 'no_route',
      considered: considered.map(({ route, reason }) => ({ route_id: route.id, reason })),
    },
  });
