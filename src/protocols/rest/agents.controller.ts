import { Controller, Get } from '@nestjs/common';
import type { Principal } from '../../core/principal.js';
import { Caller } from '../../engine/auth/oauth2.guard.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import { toAgentList } from '../../transport/orchestrator/agent-view.js';
import type { AgentListWire } from '../../transport/orchestrator/orchestrator.wire.js';

/** Who is online (spec: HTTP). */
@Controller('agents')
export class AgentsController {
  constructor(private readonly registry: RegistryService) {}

  @Get()
  list(@Caller() who: Principal): AgentListWire {
    return toAgentList(this.registry.list(who));
  }
}
