import type { AuditFields, Chain } from '../../core/audit.js';
import type { StoredEntry } from '../../engine/audit/audit.store.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { AuditBlockRow } from './schema.js';

/** How a chain is called in the table: no namespace has an empty name. */
export const nameOf = (chain: Chain): string => chain ?? '';

/** Entries of one chain, in order, as one row. */
export const toBlock = (entries: readonly StoredEntry[]): AuditBlockRow => ({
  namespace: nameOf(entries[0]!.chain),
  seq: entries.at(-1)!.seq,
  first: entries[0]!.seq,
  entries: `[${entries.map(toText).join()}]`,
});

/** The body is an object already: its place is put in front. */
const toText = ({ seq, hash, body }: StoredEntry): string =>
  `{"seq":${seq},"hash":"${hash}",${body.slice(1)}`;

/** One entry of a block, as JSON. */
export function toEntry(chain: Chain, text: string): StoredEntry {
  const { seq, hash, ...fields } = JSON.parse(text) as JsonObject & Pick<StoredEntry, 'seq' | 'hash'>;
  return { chain, seq, hash, body: JSON.stringify(fields) };
}

/** All entries of a block. */
export const entriesOf = (chain: Chain, { entries }: Pick<AuditBlockRow, 'entries'>): StoredEntry[] =>
  (JSON.parse(entries) as Json[]).map((entry) => toEntry(chain, JSON.stringify(entry)));

/** When an entry was made, milliseconds since the epoch. */
export const timeOf = ({ body }: StoredEntry): number => (JSON.parse(body) as Pick<AuditFields, 'at'>).at;
