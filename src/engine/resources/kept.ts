import { createHash } from 'node:crypto';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import type { Stored } from './resource.store.js';
import type { Turns } from './turns.js';

interface Versioned {
  readonly namespace: Namespace;
  readonly id: string;
  readonly version: number;
}

/** What was created, or found: a repeated creation changes nothing. */
export interface Created<Record> {
  readonly record: Record;
  readonly isReplay: boolean;
}

/** What {@link createOnce} needs of a store. */
interface Kept<Record> {
  find(namespace: Namespace, id: string): Promise<Stored<Record> | undefined>;
  add(record: Record, fingerprint: string): Promise<void>;
}

/**
 * Creates a record; the same content under the same id again finds the one that is there.
 * @param check throws what makes the record impossible; asked again when another write came first
 * @throws GatewayError CONFLICT when the id is taken by other content
 */
export async function createOnce<Record extends Versioned>(
  turns: Turns,
  kept: Kept<Record>,
  record: Record,
  fingerprint: string,
  check: () => Promise<void>,
): Promise<Created<Record>> {
  return turns.take([record.namespace, record.id], async () => {
    const known = await kept.find(record.namespace, record.id);
    if (known) return replay(known, fingerprint);
    await check();
    await kept.add(record, fingerprint);
    return { record, isReplay: false };
  });
}

function replay<Record extends Versioned>(known: Stored<Record>, fingerprint: string): Created<Record> {
  if (known.fingerprint === fingerprint) return { record: known.record, isReplay: true };
  throw new GatewayError('CONFLICT', `the id ${known.record.id} is taken by other content`, {
    data: { reason: 'id_taken', id: known.record.id },
  });
}

/** @throws GatewayError CONFLICT unless the version is the expected one; undefined: any is */
export function requireVersion({ version }: { version: number }, expected: number | undefined): void {
  if (expected !== undefined && expected !== version)
    throw new GatewayError('CONFLICT', `If-Match: got version ${expected}, it is ${version}`, {
      data: { reason: 'version_mismatch', expected, version },
    });
}

/** One word for one content, whatever the order of its fields. */
export const fingerprintOf = (content: object): string =>
  createHash('sha256').update(JSON.stringify(content, inOrder)).digest('base64url');

const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
