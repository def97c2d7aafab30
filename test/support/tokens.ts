import { createHmac } from 'node:crypto';
import { SECRET } from './env.js';

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An HS256 token with exactly these claims and header, made by hand so that wrong ones can be made too. */
export function signed(
  claims: object,
  secret = SECRET,
  header: object = { alg: 'HS256', typ: 'JWT' },
): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const soon = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

/** A good token of a namespace; `more` claims win. */
export const tokenFor = (namespace: string, more: object = {}): string =>
  signed({ sub: `tenant-of-${namespace}`, namespace, exp: soon(300), iss: 'gateway-auth', ...more });
