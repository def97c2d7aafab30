import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const PREFIX = 'whsec_';
/** Standard Webhooks: how far the clocks of both sides may be apart, seconds. */
const TOLERANCE_S = 300;

/** A post that is not from the gateway, or an old one that somebody plays again. */
export class WebhookSignatureError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WebhookSignatureError';
  }
}

export interface VerifyOptions {
  /** `whsec_…`; several while one is being replaced: any of them may have signed. */
  readonly secret: string | readonly string[];
  /** How far the clocks may be apart, seconds; 300 by default. */
  readonly toleranceS?: number;
  /** Milliseconds since the epoch; by default the time of this machine. */
  readonly now?: number;
}

/**
 * Checks the Standard Webhooks signature of a post.
 * @param body the bytes or the text as they came, before anything has parsed them
 * @returns the post's `webhook-id`: the same over all attempts, so that a repeat can be known
 * @throws WebhookSignatureError
 */
export function verifyWebhook(
  headers: IncomingHttpHeaders | Headers,
  body: string | Uint8Array,
  { secret, toleranceS = TOLERANCE_S, now = Date.now() }: VerifyOptions,
): string {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const skew = Math.abs(Number(timestamp) - now / 1000);
  if (!/^\d+$/.test(timestamp) || skew > toleranceS)
    throw new WebhookSignatureError('webhook-timestamp: too far from the time of this machine');
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const expected = secrets.map((one) => sign(one, id, timestamp, body));
  const given = header(headers, 'webhook-signature').split(' ');
  const isOurs = given.some((one) => expected.some((other) => isSame(one, other)));
  if (!isOurs) throw new WebhookSignatureError('webhook-signature: none of them is of a known secret');
  return id;
}

function sign(secret: string, id: string, timestamp: string, body: string | Uint8Array): string {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
  const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
  return `v1,${hmac.digest('base64')}`;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function header(headers: IncomingHttpHeaders | Headers, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new WebhookSignatureError(`${name}: missing`);
}
