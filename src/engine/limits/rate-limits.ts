import { Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Rate } from '../../config/kinds.js';
import { LimitsConfig } from '../../config/limits.config.js';
import { GatewayError } from '../../core/errors.js';
import { ANONYMOUS, type Principal } from '../../core/principal.js';

/** Who asks: the caller, and where the request came from (counts while auth is off, when all callers are one). */
export interface Asker {
  readonly caller: Principal;
  readonly address: string;
}

/** What is left of one allowance after a request. */
export interface Allowance {
  /** Name of the policy, as the RateLimit headers show it. */
  readonly policy: 'caller' | 'namespace';
  readonly rate: Rate;
  readonly remaining: number;
  /** Milliseconds until the allowance is whole again. */
  readonly resetMs: number;
  readonly exceeded: boolean;
}

/** One allowance per key, renewed every window. */
class Policy {
  private readonly limiter: RateLimiterMemory;

  constructor(
    readonly name: Allowance['policy'],
    readonly rate: Rate,
  ) {
    this.limiter = new RateLimiterMemory({ points: rate.requests, duration: rate.windowMs / 1000 });
  }

  async take(key: string, points: number): Promise<Allowance> {
    const { remainingPoints, msBeforeNext, exceeded } = await this.limiter.consume(key, points).then(
      (left) => ({ ...plain(left), exceeded: false }),
      (left: unknown) => {
        if (left instanceof RateLimiterRes) return { ...plain(left), exceeded: true };
        throw left;
      },
    );
    return {
      policy: this.name,
      rate: this.rate,
      remaining: remainingPoints,
      resetMs: msBeforeNext,
      exceeded,
    };
  }
}

const plain = ({ remainingPoints, msBeforeNext }: RateLimiterRes) => ({ remainingPoints, msBeforeNext });

/** How much each caller, and each namespace, may ask for. Refused requests of a caller cost his namespace nothing. */
@Injectable()
export class RateLimits {
  private readonly perCaller: Policy | undefined;
  private readonly perNamespace: Policy | undefined;

  constructor({ rate, namespaceRate }: LimitsConfig) {
    this.perCaller = rate && new Policy('caller', rate);
    this.perNamespace = namespaceRate && new Policy('namespace', namespaceRate);
  }

  get enabled(): boolean {
    return this.perCaller !== undefined || this.perNamespace !== undefined;
  }

  /** Takes `points` requests from the caller's allowances; stops at the first that is used up. */
  async take({ caller, address }: Asker, points = 1): Promise<readonly Allowance[]> {
    const taken: Allowance[] = [];
    const key = caller.id === ANONYMOUS.id ? `address:${address}` : `${caller.namespace}\n${caller.id}`;
    if (this.perCaller) taken.push(await this.perCaller.take(key, points));
    if (this.perNamespace && caller.namespace !== null && !taken[0]?.exceeded)
      taken.push(await this.perNamespace.take(caller.namespace, points));
    return taken;
  }
}

/** @throws GatewayError RATE_LIMITED when one of the allowances is used up, with the time after which it is whole again */
export function refuseExceeded(allowances: readonly Allowance[]): void {
  const over = allowances.find((allowance) => allowance.exceeded);
  if (!over) return;
  const { requests, windowMs } = over.rate;
  const whose = over.policy === 'caller' ? 'this caller' : 'this namespace';
  throw new GatewayError(
    'RATE_LIMITED',
    `${whose} has made its ${requests} requests of ${windowMs / 1000} s`,
    {
      retryAfterS: over.resetMs / 1000,
    },
  );
}
