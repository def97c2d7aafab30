import { excerpt } from '../../core/errors.js';

/** Fields that may hold a secret, at the top of a line or one level below. No line is meant to have one: this is the net. */
export const REDACTED = [
  'authorization',
  'cookie',
  'token',
  'access_token',
  'secret',
  'client_secret',
  'password',
  'credentials',
  'api_key',
].flatMap((name) => [name, `*.${name}`]);

/** A message as one line for people: `msg name=value …`. Control characters of hostile texts are escaped. */
export function inOneLine(message: unknown): unknown {
  if (message instanceof Error) return message.stack ?? message.message;
  if (typeof message !== 'object' || message === null) return message;
  const { msg, ...fields } = message as Record<string, unknown>;
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${REDACTED.includes(name) ? '[hidden]' : plain(value)}`);
  return [...(typeof msg === 'string' ? [msg] : []), ...shown].join(' ');
}

const plain = (value: unknown): string =>
  typeof value === 'string' && /^[\p{L}\p{N}._:/@+-]{1,128}$/u.test(value) ? value : excerpt(value);
