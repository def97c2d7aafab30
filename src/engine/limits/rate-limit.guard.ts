import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ANONYMOUS, type Principal } from '../../core/principal.js';
import { callerIfAny } from '../auth/oauth2.guard.js';
import { RateLimits, refuseExceeded, type Allowance } from './rate-limits.js';

const UNLIMITED = 'limits:unlimited';

/** The route is asked by machines that watch the gateway, and counts for nobody. */
export const Unlimited = () => SetMetadata(UNLIMITED, true);

/** What this guard uses of an HTTP request; `ip` follows the trusted proxies. */
export interface LimitedRequest {
  readonly ip?: string | undefined;
}

/** What this and {@link chargeFor} use of its response. */
export interface LimitedResponse {
  setHeader(name: string, value: string): unknown;
}

/**
 * Counts every HTTP request against the allowances of its caller; public routes and, with auth off, all routes count by
 * address. The answer tells what is left in the RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10); over the
 * limit it is 429 with Retry-After. Runs after the guard that finds the caller; a gateway without limits does without it.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly limits: RateLimits,
    private readonly reflector: Reflector,
  ) {}

  /** @throws GatewayError RATE_LIMITED */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(UNLIMITED, targets)) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<LimitedRequest>();
    return chargeFor(this.limits, request, http.getResponse<LimitedResponse>()).then(() => true);
  }
}

/**
 * Takes requests from the caller's allowances and says in the response what is left.
 * @throws GatewayError RATE_LIMITED
 */
export async function chargeFor(
  limits: RateLimits,
  request: LimitedRequest,
  response: LimitedResponse,
  points = 1,
): Promise<void> {
  const caller: Principal = callerIfAny(request) ?? ANONYMOUS;
  const allowances = await limits.take({ caller, address: request.ip ?? '' }, points);
  response.setHeader('RateLimit-Policy', allowances.map(policyItem).join(', '));
  response.setHeader('RateLimit', allowances.map(limitItem).join(', '));
  refuseExceeded(allowances);
}

const policyItem = ({ policy, rate }: Allowance): string =>
  `"${policy}";q=${rate.requests};w=${rate.windowMs / 1000}`;

const limitItem = ({ policy, remaining, resetMs }: Allowance): string =>
  `"${policy}";r=${Math.max(0, remaining)};t=${Math.ceil(resetMs / 1000)}`;
