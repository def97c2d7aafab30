import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { DatabaseSync } from 'node:sqlite';
import { entriesOf } from '../adapters/storage/audit-blocks.js';
import { openForReading } from '../adapters/storage/sqlite/open.js';
import { GENESIS, type Chain, type ChainEnd } from '../core/audit.js';
import type { StoredEntry } from '../engine/audit/audit.store.js';
import { bodyOf, fieldsOf } from '../engine/audit/entry-hash.js';
import type { Namespace } from '../core/ids.js';
import type { AuditEntryWire } from '../sdk/index.js';
import { CommandFailed } from './exit-codes.js';

/** A chain as it is in a database or in an export. */
export interface ChainSource {
  readonly chain: Chain;
  /** Undefined: an export does not say what came before its first line. */
  readonly beginning: ChainEnd | undefined;
  readonly entries: Iterable<StoredEntry> | AsyncIterable<StoredEntry>;
}

/**
 * The chains of a database, of one moment, also while a gateway runs on it.
 * @throws CommandFailed when it is no database of a gateway with an audit log
 */
export function* chainsOfDatabase(file: string): Generator<ChainSource> {
  const db = openForReading(file);
  try {
    db.exec('begin'); // nothing is purged under our eyes
    for (const { namespace, ...beginning } of beginnings(db)) {
      const chain = namespace === '' ? null : (namespace as Namespace);
      yield { chain, beginning, entries: blocksOf(db, chain, namespace) };
    }
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such table'))
      throw new CommandFailed(`${file}: there is no audit log in it`);
    throw error;
  } finally {
    db.close();
  }
}

/** Also of entries that have lost their chain's beginning: they are no less suspicious than the others. */
function beginnings(db: DatabaseSync): (ChainEnd & { readonly namespace: string })[] {
  const rows = db
    .prepare(
      `select namespace, seq, at, hash from audit_chains union all
       select distinct namespace, 0, 0, '' from audit_log where namespace not in (select namespace from audit_chains)`,
    )
    .all();
  return rows as unknown as (ChainEnd & { readonly namespace: string })[];
}

function* blocksOf(db: DatabaseSync, chain: Chain, namespace: string): Generator<StoredEntry> {
  const blocks = db.prepare('select entries from audit_log where namespace = ? order by seq');
  for (const block of blocks.iterate(namespace))
    yield* entriesOf(chain, block as unknown as { readonly entries: string });
}

/** The lines of an export, each one an entry. @throws CommandFailed naming the line that is none */
export async function* entriesOfExport(file: string): AsyncGenerator<StoredEntry> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() !== '') yield fromLine(line, `${file}, line ${number}`);
  }
}

function fromLine(line: string, where: string): StoredEntry {
  try {
    const {
      namespace,
      seq,
      hash,
      at,
      count,
      request_id: requestId,
      ...fields
    } = JSON.parse(line) as AuditEntryWire;
    const body = bodyOf({ ...fields, requestId }, Date.parse(at), count);
    return { chain: namespace as Chain, seq, hash, body };
  } catch {
    throw new CommandFailed(`${where}: no entry of an audit log`);
  }
}

/** An entry as the API shows it. */
export function toWire({ chain, seq, hash, body }: StoredEntry): AuditEntryWire {
  const { at, requestId, ...fields } = fieldsOf(body);
  const { actor, credential, action, object, outcome, address, detail, count } = fields;
  const when = new Date(at).toISOString();
  const who = { namespace: chain, seq, at: when, actor, credential, action, object, outcome };
  return { ...who, request_id: requestId, address, detail, count, hash };
}

/** What comes before the first entry of an export, where that is certain. */
export const beginningOf = (first: StoredEntry): ChainEnd | undefined =>
  first.seq === 1 ? GENESIS : undefined;
