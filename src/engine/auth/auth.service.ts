import { Injectable } from '@nestjs/common';
import { AuthConfig } from '../../config/auth.config.js';
import { BotsConfig } from '../../config/bots.config.js';
import { ANONYMOUS, type Origin, type Principal } from '../../core/principal.js';
import { KEY_PREFIX } from './api-key.js';
import { ApiKeys } from './api-keys.js';
import { bearerToken } from './bearer.js';
import type { PeerCertificate } from './certificate.js';
import { MtlsGuard } from './mtls.guard.js';
import { unauthenticated } from './refusal.js';
import { RevocationList } from './revocation.js';
import { TokenVerifier } from './token-verifier.js';

/** What a caller shows: the values of its headers. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** `X-API-Key`; where it is given it decides, so that a proxy can have `Authorization` for itself. */
  readonly apiKey?: string | undefined;
}

/** The credentials in an HTTP request's headers. */
export const credentialsOf = (headers: {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | string[] | undefined;
}): Credentials => ({ authorization: headers.authorization, apiKey: headers['x-api-key']?.toString() });

/** What a bot shows when it connects. */
export interface BotCredentials extends Credentials {
  /** Only a certificate that TLS has accepted (`peerCertificate(socket)`). */
  readonly certificate: PeerCertificate | undefined;
}

/** Told of everybody whose credentials were refused. */
export type RefusalListener = (error: unknown, origin: Origin) => void;

/** Who is calling: the one place where credentials are judged, whatever door they come in by. */
@Injectable()
export class AuthService {
  private readonly listeners: RefusalListener[] = [];

  constructor(
    private readonly config: AuthConfig,
    private readonly bots: BotsConfig,
    private readonly tokens: TokenVerifier,
    private readonly keys: ApiKeys,
    private readonly certificates: MtlsGuard,
    private readonly revocations: RevocationList,
  ) {}

  /** False: everybody is {@link ANONYMOUS} and sees everything. */
  get enabled(): boolean {
    return this.config.mode !== 'off';
  }

  /**
   * The caller by his token or API key.
   * @throws GatewayError UNAUTHENTICATED, or UPSTREAM when the identity provider's keys cannot be had
   */
  async authenticate(authorization: string | undefined, apiKey?: string): Promise<Principal> {
    if (!this.enabled) return ANONYMOUS;
    if (apiKey !== undefined) return this.keys.verify(apiKey);
    const token = bearerToken(authorization);
    return token.startsWith(KEY_PREFIX) ? this.keys.verify(token) : this.tokens.verify(token);
  }

  /**
   * The bot at a socket's upgrade. On an mTLS listener the certificate decides, whatever the mode and whatever token is beside it;
   * elsewhere a certificate proves nothing and the token or API key decides.
   * @throws GatewayError UNAUTHENTICATED or FORBIDDEN (certificate that names no agent), or UPSTREAM as {@link authenticate}
   */
  async authenticateBot(credentials: BotCredentials): Promise<Principal> {
    if (this.bots.tlsCa === undefined)
      return this.authenticate(credentials.authorization, credentials.apiKey);
    if (!credentials.certificate)
      throw unauthenticated('client certificate: got nothing, one of the configured CA is needed');
    return this.certificates.admit(credentials.certificate);
  }

  /** For doors that are not HTTP: somebody could not come in. */
  refused(error: unknown, origin: Origin): void {
    for (const listener of this.listeners) listener(error, origin);
  }

  onRefusal(listener: RefusalListener): void {
    this.listeners.push(listener);
  }

  /** Whether a certificate has been revoked since it was admitted. */
  isRevoked(certificate: PeerCertificate): boolean {
    return this.certificates.isRevoked(certificate);
  }

  /** Whether the API key behind a caller has been withdrawn since he was admitted. */
  isWithdrawn(caller: Principal): boolean {
    return this.keys.isWithdrawn(caller);
  }

  /** Calls `listener` when certificates or keys have been revoked: ask {@link isRevoked} and {@link isWithdrawn} for whatever is open then. */
  onRevocation(listener: () => void): void {
    this.revocations.onChange(listener);
    this.keys.onWithdrawal(listener);
  }
}
