import type { AgentCard as A2aCard } from '@a2a-js/sdk';
import { createLocalJWKSet, type CryptoKey, type JSONWebKeySet } from 'jose';
import type { OutgoingHttp } from '../../../core/outgoing-http.js';
import type { CardSignature } from '../../../engine/registry/remote-agent.store.js';
import { unusable } from './remote-card.js';

const MAX_BYTES = 256 * 1024;

/**
 * Checks the signature of a card (A2A 1.0 §8.4). With keys of the operator's (`remotes.card_keys`) only they count, and a
 * card must be signed. Without, a card is checked by the key set that it names itself, if that is where the card is: this
 * proves that nobody has changed it on the way, and no more. A key set elsewhere proves nothing.
 */
export class CardSignatures {
  constructor(
    private readonly door: OutgoingHttp,
    private readonly trustedKeys: string | undefined,
    private readonly timeoutMs: number,
  ) {}

  /** @throws GatewayError UPSTREAM for a wrong signature, and for one that is missing though keys are configured */
  async check(card: A2aCard, foundAt: string): Promise<CardSignature> {
    if (card.signatures.length === 0) {
      if (this.trustedKeys !== undefined) throw unusable('it is not signed by a key of remotes.card_keys');
      return 'none';
    }
    let keysFound = false;
    const { verifyAgentCardSignature } = await import('@a2a-js/sdk');
    const verify = verifyAgentCardSignature(async (kid, jku) => {
      const url = this.trustedKeys ?? sameOrigin(jku, foundAt);
      if (url === undefined) throw new Error('no trusted key set');
      keysFound = true;
      return this.key(url, kid);
    });
    try {
      await verify(card);
      return 'verified';
    } catch (error) {
      if (!keysFound && this.trustedKeys === undefined) return 'unverified';
      throw unusable(`its signature is wrong (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  private async key(url: string, kid: string): Promise<CryptoKey> {
    // The operator's own URL may be in his network; one that a card names may not.
    const purpose = url === this.trustedKeys ? 'jwks' : 'card';
    const { timeoutMs } = this;
    const { status, body } = await this.door.request({ url, purpose, timeoutMs, maxBytes: MAX_BYTES });
    if (status !== 200) throw new Error(`its key set answered ${status}`);
    const keys = JSON.parse(body) as JSONWebKeySet;
    const known = keys.keys.find((key) => key.kid === kid);
    return createLocalJWKSet(keys)({ alg: known?.alg ?? algorithmOf(known?.crv), kid });
  }
}

/** Of a key that does not say it itself. */
const algorithmOf = (curve: string | undefined): string =>
  curve === undefined ? 'RS256' : curve === 'Ed25519' ? 'EdDSA' : `ES${curve.slice(2)}`;

const sameOrigin = (url: string | undefined, other: string): string | undefined =>
  url !== undefined && URL.canParse(url) && new URL(url).origin === new URL(other).origin ? url : undefined;
