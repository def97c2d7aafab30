import { Controller, Get, Header, Headers } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import { MetricsConfig } from '../../config/metrics.config.js';
import { GatewayError } from '../../core/errors.js';
import { AuthService } from '../../engine/auth/auth.service.js';
import { bearerToken } from '../../engine/auth/bearer.js';
import { Public } from '../../engine/auth/oauth2.guard.js';
import { Unlimited } from '../../engine/limits/rate-limit.guard.js';
import { MetricsCollector } from './metrics-collector.js';

/**
 * GET /metrics for Prometheus. The figures are of all namespaces together, so no tenant's token opens it: with auth on
 * it takes the token that the operator has set for it, and nothing else.
 */
@Controller('metrics')
@Public()
@Unlimited()
export class MetricsController {
  constructor(
    private readonly config: MetricsConfig,
    private readonly auth: AuthService,
    private readonly collector: MetricsCollector,
  ) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('cache-control', 'no-store')
  metrics(@Headers('authorization') authorization: string | undefined): Promise<string> {
    this.admit(authorization);
    return this.collector.text();
  }

  /** @throws GatewayError UNAUTHENTICATED */
  private admit(authorization: string | undefined): void {
    const { token } = this.config;
    if (token === undefined && !this.auth.enabled) return;
    const given = bearerToken(authorization);
    if (token === undefined || !timingSafeEqual(digest(given), digest(token)))
      throw new GatewayError('UNAUTHENTICATED', 'Authorization: allowed: the token of GATEWAY_METRICS_TOKEN');
  }
}

/** Of equal length, whatever the texts. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
