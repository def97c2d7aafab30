import { invalid } from './errors.js';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Checks a secret that signs webhooks, in the form of Standard Webhooks. No message holds any of it.
 * @throws GatewayError INVALID
 */
export function checkSigningSecret(field: string, value: unknown): string {
  const allowed = `"${PREFIX}" and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`;
  if (typeof value !== 'string' || !value.startsWith(PREFIX)) throw invalid(field, 'something else', allowed);
  const text = value.slice(PREFIX.length);
  const bytes = BASE64.test(text) ? bytesIn(text) : 0;
  if (bytes < MIN_BYTES || bytes > MAX_BYTES) throw invalid(field, 'a secret of another form', allowed);
  return value;
}

/** How many bytes a base64 text stands for. */
const bytesIn = (text: string): number => Math.floor((text.replace(/=+$/, '').length * 3) / 4);
