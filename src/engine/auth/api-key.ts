import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../../core/principal.js';
import type { ApiKeyRecord } from './api-key.store.js';

/** Scanners of leaked secrets find keys by it. */
export const KEY_PREFIX = 'agk_';
const KEY = /^agk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** A key in its two parts: the public id, and the secret that proves it. */
interface KeyParts {
  readonly id: string;
  readonly secret: string;
}

/** A new key: 64 bits of id, 256 bits of secret. */
export function newKey(): KeyParts & { readonly key: string } {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { id, secret, key: `${KEY_PREFIX}${id}_${secret}` };
}

/** Undefined: this is no key of the gateway. */
export function keyParts(key: string): KeyParts | undefined {
  const [, id, secret] = KEY.exec(key) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** One round of SHA-256 is enough: the secret is random, there is no dictionary to try. */
export const hashOfSecret = (secret: string): string => hash('sha256', secret, 'base64url');

/** Takes the same time however much of the secret is right. */
export const provesKey = (secret: string, record: ApiKeyRecord): boolean =>
  timingSafeEqual(Buffer.from(hashOfSecret(secret)), Buffer.from(record.hash));

/**
 * The caller that a key speaks for. All keys of one agent are one caller: an agent that comes back with its next key
 * has the tasks of the last one.
 */
export function principalOfKey({ id, namespace, agent, rights, expiresAt }: ApiKeyRecord): Principal {
  const registersAny = agent === null && rights.includes('execute');
  return {
    id: agent === null ? `key:${id}` : `key:agent:${agent}`,
    credential: id,
    namespace,
    rights: new Set(rights),
    ...(expiresAt !== null && { expiresAt }),
    grants: agent !== null || registersAny ? [{ namespace, name: agent ?? '*' }] : [],
  };
}
