import type { Page, PageQuery } from '../../src/core/page.js';

type Fields = Readonly<Record<string, string | number | null>>;

export const compare = (a: unknown, b: unknown): number =>
  a === b ? 0 : (a as string) < (b as string) ? -1 : 1;

/** A page of records in memory. @param fieldsOf what filters and sorts look at */
export function memoryPage<T extends { readonly id: string }>(
  records: readonly T[],
  { filters, sort, limit, after }: PageQuery<string, string>,
  fieldsOf: (record: T) => Fields,
): Page<T> {
  const valueOf = (record: T) => fieldsOf(record)[sort.field];
  const order = (a: [unknown, string], b: [unknown, string]): number =>
    (compare(a[0], b[0]) || compare(a[1], b[1])) * (sort.descending ? -1 : 1);
  const matching = records
    .filter((record) =>
      Object.entries(filters).every(
        ([field, value]) => value === undefined || fieldsOf(record)[field] === value,
      ),
    )
    .sort((a, b) => order([valueOf(a), a.id], [valueOf(b), b.id]));
  const beyond = after
    ? matching.filter((record) => order([valueOf(record), record.id], [after.value, after.id]) > 0)
    : matching;
  const items = beyond.slice(0, limit);
  const last = items.at(-1);
  const next = last && beyond.length > limit ? { value: valueOf(last)!, id: last.id } : null;
  return { items, next, total: matching.length };
}
