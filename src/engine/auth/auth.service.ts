import { Injectable } from '@nestjs/common';
import { AuthConfig } from '../../config/auth.config.js';
import { BotsConfig } from '../../config/bots.config.js';
import { ANONYMOUS, type Principal } from '../../core/principal.js';
import { bearerToken } from './bearer.js';
import type { PeerCertificate } from './certificate.js';
import { MtlsGuard } from './mtls.guard.js';
import { unauthenticated } from './refusal.js';
import { RevocationList } from './revocation.js';
import { TokenVerifier } from './token-verifier.js';

/** What a bot shows when it connects. */
export interface BotCredentials {
  readonly authorization: string | undefined;
  /** Only a certificate that TLS has accepted (`peerCertificate(socket)`). */
  readonly certificate: PeerCertificate | undefined;
}

/** Who is calling: the one place where credentials are judged, whatever door they come in by. */
@Injectable()
export class AuthService {
  constructor(
    private readonly config: AuthConfig,
    private readonly bots: BotsConfig,
    private readonly tokens: TokenVerifier,
    private readonly certificates: MtlsGuard,
    private readonly revocations: RevocationList,
  ) {}

  /** False: everybody is {@link ANONYMOUS} and sees everything. */
  get enabled(): boolean {
    return this.config.mode !== 'off';
  }

  /**
   * The caller by his Authorization header.
   * @throws GatewayError UNAUTHENTICATED, or UPSTREAM when the identity provider's keys cannot be had
   */
  async authenticate(authorization: string | undefined): Promise<Principal> {
    return this.enabled ? this.tokens.verify(bearerToken(authorization)) : ANONYMOUS;
  }

  /**
   * The bot at a socket's upgrade. On an mTLS listener the certificate decides, whatever the mode and whatever token is beside it;
   * elsewhere a certificate proves nothing and the bearer token decides.
   * @throws GatewayError UNAUTHENTICATED or FORBIDDEN (certificate that names no agent), or UPSTREAM as {@link authenticate}
   */
  async authenticateBot(credentials: BotCredentials): Promise<Principal> {
    if (this.bots.tlsCa === undefined) return this.authenticate(credentials.authorization);
    if (!credentials.certificate)
      throw unauthenticated('client certificate: got nothing, one of the configured CA is needed');
    return this.certificates.admit(credentials.certificate);
  }

  /** Whether a certificate has been revoked since it was admitted. */
  isRevoked(certificate: PeerCertificate): boolean {
    return this.certificates.isRevoked(certificate);
  }

  /** Calls `listener` when the revocation list has changed: ask {@link isRevoked} for each live socket then. @returns stops that */
  onRevocation(listener: () => void): () => void {
    return this.revocations.onChange(listener);
  }
}
