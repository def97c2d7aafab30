import { Injectable } from '@nestjs/common';
import { AuthConfig } from '../../config/auth.config.js';
import { Clock, isoTime } from '../../core/clock.js';
import type { Principal } from '../../core/principal.js';
import { parsePeer, type PeerCertificate } from './certificate.js';
import { peerIdentity } from './peer-identity.js';
import { unauthenticated } from './refusal.js';
import { RevocationList } from './revocation.js';

/**
 * Judges client certificates. TLS has checked the chain before; dates and revocation are checked here again, on every connect,
 * because a resumed TLS session checks neither. Nest runs no guards when a socket connects, so the upgrade calls this itself.
 */
@Injectable()
export class MtlsGuard {
  constructor(
    private readonly config: AuthConfig,
    private readonly revocations: RevocationList,
    private readonly clock: Clock,
  ) {}

  /**
   * The bot that a certificate speaks for. It may register agents and opens no other API.
   * @throws GatewayError UNAUTHENTICATED when out of date or revoked, FORBIDDEN when it names no agent
   */
  admit(peer: PeerCertificate): Principal {
    const chain = parsePeer(peer);
    const [leaf] = chain;
    if (!leaf) throw unauthenticated('client certificate: got nothing');
    this.checkDates(leaf.validFromDate, leaf.validToDate);
    if (this.revocations.isRevoked(chain)) throw unauthenticated('client certificate: revoked');
    const { id, namespace, grants } = peerIdentity(leaf.raw, this.config.spiffeTrustDomain);
    return { id, namespace, rights: new Set(), expiresAt: leaf.validToDate.getTime(), grants };
  }

  /** Whether a certificate that was admitted before still would be: asked for live sockets when the list changes. */
  isRevoked(peer: PeerCertificate): boolean {
    return this.revocations.isRevoked(parsePeer(peer));
  }

  private checkDates(from: Date, to: Date): void {
    const now = this.clock.now();
    if (now < from.getTime())
      throw unauthenticated(`client certificate: not valid before ${isoTime(from.getTime())}`);
    if (now > to.getTime()) throw unauthenticated(`client certificate: expired at ${isoTime(to.getTime())}`);
  }
}
