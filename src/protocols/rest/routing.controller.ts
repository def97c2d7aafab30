import { Controller, HttpCode, Post } from '@nestjs/common';
import type { Principal } from '../../core/principal.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { RoutingService, type RoutingExplanation } from '../../engine/routing/routing.service.js';
import { JsonBody } from '../../transport/http/json-body.js';
import { toRouteRequest } from './rest.mapper.js';

/** Why a task would go where it would go (spec: Routing). */
@Controller('routing')
export class RoutingController {
  constructor(private readonly routing: RoutingService) {}

  /** A dry run: chooses as for a task, takes no slot, changes nothing. */
  @Post('explain')
  @HttpCode(200)
  @Requires('read')
  explain(@Caller() who: Principal, @JsonBody() body: unknown): RoutingExplanation {
    return this.routing.explain(who, toRouteRequest(body));
  }
}
