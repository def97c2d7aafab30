import { hash } from 'node:crypto';
import type { AuditFields, Chain } from '../../core/audit.js';

/** The fields as they are stored and hashed: JSON in this order, without those that are null and without a count of 1. */
export const bodyOf = (fields: Omit<AuditFields, 'at' | 'count'>, at: number, count: number): string =>
  JSON.stringify({
    at,
    actor: fields.actor ?? undefined,
    credential: fields.credential ?? undefined,
    action: fields.action,
    object: fields.object ?? undefined,
    outcome: fields.outcome,
    request_id: fields.requestId ?? undefined,
    address: fields.address ?? undefined,
    detail: fields.detail ?? undefined,
    count: count === 1 ? undefined : count,
  });

/** The fields of a stored body. */
export function fieldsOf(body: string): AuditFields {
  const stored = JSON.parse(body) as Partial<Record<string, string>> & Pick<AuditFields, 'at' | 'outcome'>;
  return {
    at: stored.at,
    actor: stored['actor'] ?? null,
    credential: stored['credential'] ?? null,
    action: stored['action'] ?? '',
    object: stored['object'] ?? null,
    outcome: stored.outcome,
    requestId: stored['request_id'] ?? null,
    address: stored['address'] ?? null,
    detail: stored['detail'] ?? null,
    count: Number(stored['count'] ?? 1),
  };
}

/** Base64url SHA-256 of four lines: the hash before, the chain, the sequence, the body. */
export const hashOf = (before: string, chain: Chain, seq: number, body: string): string =>
  hash('sha256', `${before}\n${chain ?? ''}\n${seq}\n${body}`, 'base64url');
