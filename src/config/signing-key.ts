import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reason, wrong } from './config.error.js';
import type { GatewayConfig } from './gateway.config.js';

/** JWS algorithm by the curve of an elliptic key. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/**
 * A private key from a PEM file, or a file of one JWK.
 * @throws Error when it cannot be read or holds something else
 */
export function readSigningKey(path: string): KeyObject {
  const content = readFileSync(path, 'utf8');
  if (!content.trimStart().startsWith('{')) return createPrivateKey(content);
  return createPrivateKey({ key: JSON.parse(content) as JsonWebKey, format: 'jwk' });
}

/** How a key signs. @throws Error for a kind of key that JWS has no algorithm for */
export function signingAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return 'RS256';
  const algorithm = CURVES[asymmetricKeyDetails?.namedCurve ?? ''];
  if (algorithm === undefined) throw new Error('no key of P-256, P-384, P-521, Ed25519 or RSA of 2048 bits');
  return algorithm;
}

/** Checks that the configured signing key can be used; paths are relative to `cwd`. */
export function wrongSigningKey({ a2a }: GatewayConfig, cwd: string): string[] {
  const { signingKey } = a2a;
  if (signingKey === undefined) return [];
  try {
    signingAlgorithm(readSigningKey(resolve(cwd, signingKey)));
    return [];
  } catch (error) {
    const allowed =
      'a readable file of a private key, PEM or JWK: P-256, P-384, P-521, Ed25519 or RSA of 2048 bits';
    return [`${wrong('GATEWAY_A2A_SIGNING_KEY', signingKey, allowed)} (${reason(error)})`];
  }
}
