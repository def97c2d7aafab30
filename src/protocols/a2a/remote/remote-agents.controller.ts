import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { isoTime } from '../../../core/clock.js';
import { GatewayError } from '../../../core/errors.js';
import type { Namespace } from '../../../core/ids.js';
import type { Principal } from '../../../core/principal.js';
import { checkOptionalName } from '../../../core/text.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import { JsonBody } from '../../../transport/http/json-body.js';
import { toAgent } from '../../../transport/orchestrator/agent-view.js';
import type { AgentWire } from '../../../transport/orchestrator/orchestrator.wire.js';
import { toRegistration } from './registration.js';
import type { RemoteDetails } from './remote-agent.js';
import type { RemoteAgentWire } from './remote-agent.wire.js';
import { RemoteAgents } from './remote-agents.service.js';

/** Remote A2A agents, and one agent of any kind. */
@Controller('agents')
export class RemoteAgentsController {
  constructor(
    private readonly remotes: RemoteAgents,
    private readonly registry: RegistryService,
  ) {}

  /** Registers a remote agent, or registers it anew. */
  @Post()
  @HttpCode(200)
  @Requires('admin')
  async register(@Caller() who: Principal, @JsonBody() body: unknown): Promise<RemoteAgentWire> {
    return toRemoteAgent(await this.remotes.register(who, toRegistration(body)));
  }

  @Get(':id')
  get(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Query('namespace') namespace: unknown,
  ): AgentWire | RemoteAgentWire {
    const remote = this.remotes.find(who, id, toNamespace(namespace));
    return remote ? toRemoteAgent(remote) : this.connected(who, id, toNamespace(namespace));
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('admin')
  remove(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Query('namespace') namespace: unknown,
  ): Promise<void> {
    return this.remotes.remove(who, id, toNamespace(namespace));
  }

  /** Looks at the card and the agent now. */
  @Post(':id/refresh')
  @HttpCode(200)
  @Requires('admin')
  async refresh(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Query('namespace') namespace: unknown,
  ): Promise<RemoteAgentWire> {
    return toRemoteAgent(await this.remotes.refresh(who, id, toNamespace(namespace)));
  }

  private connected(who: Principal, id: string, namespace: Namespace | undefined): AgentWire {
    const view = this.registry
      .list(who)
      .find((agent) => agent.card.name === id && (namespace ?? agent.namespace) === agent.namespace);
    if (!view) throw new GatewayError('AGENT_NOT_FOUND', 'id: no such agent');
    return toAgent(view);
  }
}

const toNamespace = (given: unknown): Namespace | undefined =>
  checkOptionalName('namespace', given) as Namespace | undefined;

const toRemoteAgent = (details: RemoteDetails): RemoteAgentWire => {
  const { view, record, auth, streaming, protocol, lastError } = details;
  return {
    ...toAgent(view),
    card_url: record.cardUrl,
    card_signature: record.signature,
    streaming,
    auth: auth ?? null,
    protocol: protocol ?? null,
    last_error: lastError ?? null,
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
  };
};
