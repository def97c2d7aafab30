import { sql, type CompiledQuery, type Kysely } from 'kysely';
import type { AuditFilter } from '../../engine/audit/audit.store.js';
import type { Schema } from './schema.js';

/** Most entries that one query looks at: some milliseconds. */
const SLICE = 5000;

/** Runs a query. */
type Run = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;

/** A part of a chain: sequences from `first` to `last`, both inclusive. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** The search for one request. */
interface Search {
  readonly namespace: string;
  readonly filter: AuditFilter;
  readonly limit: number;
  readonly newestFirst: boolean;
}

/**
 * Entries of a range that match, as JSON. The log has no index but its own order, so that writing it costs next to nothing; a search
 * looks through it in slices, and a slice holds nobody up.
 */
export async function searchAudit(
  run: Run,
  db: Kysely<Schema>,
  range: Range,
  search: Search,
): Promise<string[]> {
  const found: string[] = [];
  for (const slice of slices(range, search.newestFirst)) {
    const query = matching(db, slice, search).limit(search.limit - found.length);
    found.push(...(await run(query.compile())).map(({ entry }) => entry));
    if (found.length >= search.limit) break;
  }
  return found;
}

function* slices({ first, last }: Range, newestFirst: boolean): Generator<Range> {
  if (newestFirst)
    for (let end = last; end >= first; end -= SLICE)
      yield { first: Math.max(first, end - SLICE + 1), last: end };
  else
    for (let begin = first; begin <= last; begin += SLICE)
      yield { first: begin, last: Math.min(last, begin + SLICE - 1) };
}

function matching(db: Kysely<Schema>, { first, last }: Range, { namespace, filter, newestFirst }: Search) {
  const direction = newestFirst ? 'desc' : 'asc';
  const of = (field: string) => sql<string | number>`json_extract(entry.value, ${`$.${field}`})`;
  let query = db
    .selectFrom(['audit_log', sql<{ value: string }>`json_each(audit_log.entries)`.as('entry')])
    .select('entry.value as entry')
    .where('namespace', '=', namespace)
    .where('seq', '>=', first)
    .where('first', '<=', last)
    .where(of('seq'), '>=', first)
    .where(of('seq'), '<=', last)
    .orderBy('audit_log.seq', direction)
    .orderBy(of('seq'), direction);
  for (const field of ['actor', 'action', 'object', 'outcome'] as const) {
    const wanted = filter[field];
    if (wanted !== undefined) query = query.where(of(field), '=', wanted);
  }
  return query;
}
