import { Injectable } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { A2aConfig } from '../../../config/a2a.config.js';
import { readSigningKey, signingAlgorithm } from '../../../config/signing-key.js';
import { PublicUrl } from '../../../config/public-url.js';
import { a2aSdk } from '../sdk.js';
import type { CardWire } from './hybrid-card.js';

interface SigningKey {
  readonly key: KeyObject;
  readonly alg: string;
  readonly kid: string;
  readonly jwk: JWK;
}

/** Signs cards (1.0 §8.4: JWS over the canonical JSON of 1.0's fields) and publishes the key. */
@Injectable()
export class CardSigner {
  private loaded: Promise<SigningKey> | undefined;

  constructor(
    private readonly config: A2aConfig,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** The set of public keys; empty without a key. */
  async keys(): Promise<{ readonly keys: readonly JWK[] }> {
    const key = await this.key();
    return { keys: key ? [key.jwk] : [] };
  }

  /** Names the key; empty without one. */
  async kid(): Promise<string> {
    return (await this.key())?.kid ?? '';
  }

  /** The card with its signature; as it is without a key. */
  async signed(card: CardWire): Promise<CardWire> {
    const signer = await this.key();
    if (!signer) return card;
    const { core } = await a2aSdk();
    const { key, alg, kid } = signer;
    const jku = `${this.publicUrl.base}/.well-known/jwks.json`;
    const sign = core.generateAgentCardSignature(key, { alg, kid, typ: 'JOSE', jku });
    const { signatures } = await sign(core.AgentCard.fromJSON(card));
    return { ...card, signatures: signatures.map((one) => core.AgentCardSignature.toJSON(one)) };
  }

  private async key(): Promise<SigningKey | undefined> {
    const { signingKey } = this.config;
    return signingKey === undefined ? undefined : (this.loaded ??= load(signingKey));
  }
}

async function load(path: string): Promise<SigningKey> {
  const key = readSigningKey(path);
  const alg = signingAlgorithm(key);
  const bare = await exportJWK(createPublicKey(key));
  const kid = await calculateJwkThumbprint(bare);
  return { key, alg, kid, jwk: { ...bare, kid, alg, use: 'sig' } };
}
