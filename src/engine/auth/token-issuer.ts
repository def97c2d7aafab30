import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AuthConfig } from '../../config/auth.config.js';
import { Clock } from '../../core/clock.js';
import type { Namespace } from '../../core/ids.js';

/** Whom a new token speaks for. */
export interface TokenRequest {
  readonly sub: string;
  readonly namespace: Namespace;
  /** Words of rights; absent: those of a token without scope. */
  readonly scope?: string | undefined;
  /** Milliseconds; the token's times are whole seconds. */
  readonly ttlMs: number;
}

/** Mints access tokens (HS256) that the gateway itself accepts. */
@Injectable()
export class TokenIssuer {
  constructor(
    private readonly config: AuthConfig,
    private readonly clock: Clock,
    private readonly jwt: JwtService,
  ) {}

  /** Whether a shared secret is configured to sign with. */
  get available(): boolean {
    return this.config.jwtSecret !== undefined;
  }

  /** @throws Error when no secret is configured */
  async issue(request: TokenRequest): Promise<string> {
    if (this.config.jwtSecret === undefined)
      throw new Error('no secret to sign tokens with (auth.jwt_secret)');
    const iat = Math.floor(this.clock.now() / 1000);
    const claims = {
      iss: this.config.issuer,
      ...(this.config.audience !== undefined && { aud: this.config.audience }),
      sub: request.sub,
      namespace: request.namespace,
      ...(request.scope !== undefined && { scope: request.scope }),
      iat,
      exp: iat + Math.max(1, Math.floor(request.ttlMs / 1000)),
    };
    return this.jwt.signAsync(claims, { secret: this.config.jwtSecret, algorithm: 'HS256' });
  }
}
