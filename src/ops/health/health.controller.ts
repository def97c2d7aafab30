import { Controller, Get, Header, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Public } from '../../engine/auth/oauth2.guard.js';
import { Unlimited } from '../../engine/limits/rate-limit.guard.js';
import { HealthService, type HealthReport } from './health.service.js';

/** GET /health and its two questions; public (spec: Auth and tenancy). */
@Controller('health')
@Public()
@Unlimited()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @Header('cache-control', 'no-store')
  report(): HealthReport['body'] {
    return this.health.report().body;
  }

  @Get('live')
  @Header('cache-control', 'no-store')
  live(): HealthReport['body'] {
    return this.health.live().body;
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  async ready(@Res({ passthrough: true }) res: ServerResponse): Promise<HealthReport['body']> {
    const { status, body } = await this.health.ready();
    res.statusCode = status;
    return body;
  }
}
