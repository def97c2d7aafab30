import { RIGHTS, type Right } from '../../core/principal.js';

/** Rights of a caller whose credential names none: the seed's tokens have neither scope nor roles. */
export const DEFAULT_RIGHTS: ReadonlySet<Right> = new Set<Right>(['read', 'execute']);

/** The rights that these scope words give, each with those it includes (`admin` ⊃ `execute` ⊃ `read`); other words give nothing. */
export function rightsOf(words: Iterable<string>): ReadonlySet<Right> {
  const named = new Set(words);
  const highest = RIGHTS.findLastIndex((right) => named.has(right));
  return new Set(RIGHTS.slice(0, highest + 1));
}

/** The words of an OAuth scope (RFC 6749 §3.3). */
export const scopeWords = (scope: string): string[] => scope.split(' ').filter((word) => word !== '');
