import type { Page, PagePosition, PageQuery } from '../../core/page.js';
import { invalidFields } from './ooder-errors.js';

export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 500;

/** A query string as Express gives it. */
export type Query = Readonly<Record<string, unknown>>;

/** What a list can be asked for, by the words of its query string. */
export interface ListWords<Filter extends string, Sort extends string> {
  /** The field that each filter is for, and the words that it takes; null: a filter `parent_id=` finds what has none. */
  readonly filters: Readonly<
    Record<
      string,
      {
        readonly field: Filter;
        readonly words?: readonly string[];
        /** What stands for each word in the store, where that is another one. */
        readonly stored?: Readonly<Record<string, string>>;
        readonly orNone?: true;
      }
    >
  >;
  readonly sorts: Readonly<Record<string, Sort>>;
}

/** A page as every list of seed 004 is answered. */
export interface ListWire<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
  readonly total: number;
}

/** Newest first. */
const DEFAULT_SORT = '-created_at';

/**
 * `?limit=1..500&cursor=&sort=[-]field` and filters.
 * @throws GatewayError INVALID with every parameter that is wrong
 */
export function toPageQuery<Filter extends string, Sort extends string>(
  query: Query,
  words: ListWords<Filter, Sort>,
): PageQuery<Filter, Sort> {
  const sort = text(query, 'sort') ?? DEFAULT_SORT;
  return {
    filters: filtersOf(query, words.filters),
    sort: sortOf(sort, words.sorts),
    limit: toLimit(query),
    after: toPosition(text(query, 'cursor'), sort),
  };
}

/** A page, each item shown by `show`; the cursor belongs to the sort of the query. */
export const toList = <T, Wire>(page: Page<T>, query: Query, show: (item: T) => Wire): ListWire<Wire> => ({
  items: page.items.map(show),
  next_cursor: page.next && toCursor(page.next, text(query, 'sort') ?? DEFAULT_SORT),
  total: page.total,
});

/** A parameter that may be given once. @throws GatewayError INVALID */
export function text(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalidFields([{ field: name, rule: 'given once' }]);
}

/** @throws GatewayError INVALID */
export function flag(query: Query, name: string): boolean {
  const value = text(query, name) ?? 'false';
  if (value === 'true' || value === '1' || value === '') return true;
  if (value === 'false' || value === '0') return false;
  throw invalidFields([{ field: name, rule: 'true or false' }]);
}

/** @throws GatewayError INVALID */
export function toLimit(query: Query): number {
  const given = text(query, 'limit') ?? String(DEFAULT_PAGE);
  const limit = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (limit >= 1 && limit <= MAX_PAGE) return limit;
  throw invalidFields([{ field: 'limit', rule: `an integer from 1 to ${MAX_PAGE}` }]);
}

function filtersOf<Filter extends string>(
  query: Query,
  known: ListWords<Filter, string>['filters'],
): Partial<Record<Filter, string | null>> {
  const filters: Partial<Record<Filter, string | null>> = {};
  for (const [name, { field, words, stored, orNone }] of Object.entries(known)) {
    const value = text(query, name);
    if (value === undefined) continue;
    if (words && !words.includes(value))
      throw invalidFields([{ field: name, rule: `one of ${words.join(', ')}` }]);
    filters[field] = orNone && value === '' ? null : (stored?.[value] ?? value);
  }
  return filters;
}

function sortOf<Sort extends string>(sort: string, sorts: Readonly<Record<string, Sort>>) {
  const descending = sort.startsWith('-');
  const name = descending ? sort.slice(1) : sort;
  const field = Object.hasOwn(sorts, name) ? sorts[name] : undefined;
  if (field !== undefined) return { field, descending };
  throw invalidFields([
    { field: 'sort', rule: `one of ${Object.keys(sorts).join(', ')}, with - in front for descending` },
  ]);
}

/** What a reader comes back with; only here is it known what is in it. */
export const toCursor = ({ value, id }: PagePosition, sort: string): string =>
  Buffer.from(JSON.stringify([sort, value, id])).toString('base64url');

/** @throws GatewayError INVALID unless it is a cursor of a list in the same order */
export function toPosition(cursor: string | undefined, sort: string): PagePosition | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const [made, value, id] = unpacked(cursor);
  if (made === sort && (typeof value === 'string' || typeof value === 'number') && typeof id === 'string')
    return { value, id };
  throw invalidFields([{ field: 'cursor', rule: 'next_cursor of the page before, with the same sort' }]);
}

function unpacked(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch {
    return [];
  }
}
