import { Controller, Get, Header } from '@nestjs/common';
import { GatewayConfig } from '../../config/gateway.config.js';
import { PublicUrl } from '../../config/public-url.js';
import { ANONYMOUS } from '../../core/principal.js';
import { Public } from '../../engine/auth/oauth2.guard.js';
import { Policy } from '../../engine/auth/policy.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import { toAggregatedCard } from './agent-card.js';
import type { AggregatedCardWire } from './rest.wire.js';
import { skillDocument } from './skill-document.js';

/** What anybody may read: the card of the whole gateway, and how to talk to it (spec: HTTP). */
@Controller('.well-known')
@Public()
export class WellKnownController {
  private document: string | undefined;

  constructor(
    private readonly config: GatewayConfig,
    private readonly publicUrl: PublicUrl,
    private readonly registry: RegistryService,
    private readonly policy: Policy,
  ) {}

  /** With auth on, only namespaces that the configuration marks public. */
  @Get('agent.json')
  @Header('cache-control', 'no-cache')
  card(): AggregatedCardWire {
    const views = this.registry.list(ANONYMOUS).filter((view) => this.policy.isPublic(view.namespace));
    return toAggregatedCard(views, this.publicUrl.base, this.config.a2a);
  }

  @Get('skill.md')
  @Header('content-type', 'text/markdown; charset=utf-8')
  @Header('cache-control', 'no-cache')
  skill(): string {
    this.document ??= skillDocument({ ...this.config, publicUrl: this.publicUrl.base });
    return this.document;
  }
}
