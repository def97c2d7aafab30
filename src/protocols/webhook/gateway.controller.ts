import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { isoTime, Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { OutgoingHttp } from '../../core/outgoing-http.js';
import type { Principal } from '../../core/principal.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { AgentName } from '../../core/ids.js';
import { Caller, Public, Requires } from '../../engine/auth/oauth2.guard.js';
import { Members } from '../../engine/members/members.service.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import { JsonBody } from '../../transport/http/json-body.js';
import { version } from '../../transport/version.js';
import { bodyObject, integerIn, queryFlag } from './fields.js';
import { toAgentId, toRegistration, toSecret } from './registration.mapper.js';
import { toMember, toOther, toStatus } from './webhook.mapper.js';
import type {
  GatewayHealthWire,
  MemberListWire,
  MemberStatusWire,
  RegisteredWire,
  RotatedWire,
} from './webhook.wire.js';

/** For how long a rotated secret stays valid, seconds. */
const DEFAULT_OVERLAP_S = 24 * 60 * 60;
const MAX_OVERLAP_S = 30 * DEFAULT_OVERLAP_S;

/** Agents without a lasting connection: coming, staying, going (seed 001: Agent lifecycle and queries). */
@Controller('gateway')
export class GatewayController {
  constructor(
    private readonly clock: Clock,
    private readonly members: Members,
    private readonly registry: RegistryService,
    private readonly outgoing: OutgoingHttp,
  ) {}

  @Post('register')
  @HttpCode(200)
  @Requires('execute')
  async register(@Caller() who: Principal, @JsonBody() body: unknown): Promise<RegisteredWire> {
    const registration = toRegistration(body, (url, field) => this.outgoing.check(url, field));
    const { member, secret } = await this.members.register(who, registration);
    const made = secret === undefined ? {} : { webhook_secret: secret };
    return { status: 'registered', agent_id: member.ref.name, ...made };
  }

  @Post('heartbeat')
  @HttpCode(200)
  @Requires('execute')
  heartbeat(@Caller() who: Principal, @JsonBody() body: unknown): { status: 'ok' } {
    this.members.heartbeat(who, toAgentId(body));
    return { status: 'ok' };
  }

  @Post('unregister')
  @HttpCode(200)
  @Requires('execute')
  async unregister(@Caller() who: Principal, @JsonBody() body: unknown): Promise<{ status: 'unregistered' }> {
    await this.members.unregister(who, toAgentId(body));
    return { status: 'unregistered' };
  }

  /** Agents of every kind; those that have another connection are always online. */
  @Get('agents')
  list(
    @Caller() who: Principal,
    @Query('agent_type') type: unknown,
    @Query('online_only') online: unknown,
  ): MemberListWire {
    const wanted = checkOptionalName('agent_type', type === '' ? undefined : type);
    const onlineOnly = queryFlag('online_only', online, true);
    const members = this.members.list(who).map(toMember);
    const others = this.registry.list(who).filter(({ kind }) => !isMemberKind(kind));
    const agents = [...members, ...others.map(toOther)]
      .filter(({ status }) => status === 'online' || !onlineOnly)
      .filter(({ agent_type: given }) => wanted === undefined || given === wanted);
    return { agents, total: agents.length };
  }

  @Get('status/:agent_id')
  status(@Caller() who: Principal, @Param('agent_id') id: string): MemberStatusWire {
    const name = checkName('agent_id', id) as AgentName;
    const other = this.registry
      .named(name, who.namespace)
      .find(({ connection }) => !isMemberKind(connection.kind));
    if (other) return { agent_id: name, status: 'online', last_heartbeat: isoTime(other.lastSeen) };
    const member = this.members.find(who, name);
    if (member) return toStatus(member);
    throw new GatewayError('AGENT_NOT_FOUND', 'agent_id: no such agent');
  }

  /** A new signing secret; what was signed with the one before is still accepted by whoever has only that. */
  @Post('agents/:agent_id/rotate-secret')
  @HttpCode(200)
  @Requires('execute')
  async rotate(
    @Caller() who: Principal,
    @Param('agent_id') id: string,
    @JsonBody() body: unknown,
  ): Promise<RotatedWire> {
    const { webhook_secret: secret, overlap_s: overlap } = bodyObject(body);
    const given = toSecret(secret);
    const overlapMs = 1000 * integerIn('overlap_s', overlap, 0, MAX_OVERLAP_S, DEFAULT_OVERLAP_S);
    const name = checkName('agent_id', id) as AgentName;
    const current = await this.members.rotateSecret(who, name, given, overlapMs);
    const until = isoTime(this.clock.now() + overlapMs);
    return { agent_id: name, webhook_secret: current, overlap_until: until };
  }

  @Get('health')
  @Public()
  health(): GatewayHealthWire {
    const others = [...this.registry.all()].filter(({ connection }) => !isMemberKind(connection.kind)).length;
    return {
      status: 'running',
      version,
      uptime_seconds: Math.floor(process.uptime()),
      registered_agents: this.members.registered + others,
    };
  }
}

const isMemberKind = (kind: string): boolean => kind === 'webhook' || kind === 'pull';
