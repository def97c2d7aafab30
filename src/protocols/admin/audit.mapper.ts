import type { AuditEntry } from '../../core/audit.js';
import { isoTime } from '../../core/clock.js';
import type { AuditPage } from '../../engine/audit/audit-reader.js';
import type { AuditEntryWire, AuditPageWire } from './admin.wire.js';

const toItem = (entry: AuditEntry): AuditEntryWire => ({
  namespace: entry.chain,
  seq: entry.seq,
  at: isoTime(entry.at),
  actor: entry.actor,
  credential: entry.credential,
  action: entry.action,
  object: entry.object,
  outcome: entry.outcome,
  request_id: entry.requestId,
  address: entry.address,
  detail: entry.detail,
  count: entry.count,
  hash: entry.hash,
});

export const toPage = ({ entries, nextBefore }: AuditPage): AuditPageWire => ({
  items: entries.map(toItem),
  next_cursor: nextBefore === null ? null : String(nextBefore),
});

/** Entries as JSON lines. */
export const toLines = (entries: readonly AuditEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(toItem(entry))}\n`).join('');
