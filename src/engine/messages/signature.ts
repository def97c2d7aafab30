import { Webhook } from 'standardwebhooks';

/**
 * The headers of Standard Webhooks: the id stays the same over all attempts, the timestamp and the signature are of this one.
 * @param secrets every one that is valid now (two while one is being replaced); none: no signature
 */
export function webhookHeaders(
  id: string,
  now: number,
  body: string,
  secrets: readonly string[],
): Record<string, string> {
  const at = new Date(now);
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now / 1000)) };
  if (secrets.length === 0) return headers;
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body));
  return { ...headers, 'webhook-signature': signatures.join(' ') };
}
