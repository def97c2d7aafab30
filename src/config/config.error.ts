import { excerpt } from '../core/errors.js';

/** The configuration cannot be used; one line per problem, each naming the key, the value and what is allowed. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** A name from outside, fit for one line. */
export const shownName = (name: string): string => (/^[\w.-]+$/.test(name) ? name : excerpt(name));

/** One line about a wrong value that is no secret; the user and password of a URL are left out. */
export const wrong = (name: string, given: unknown, allowed: string): string =>
  `${name}: got ${excerpt(given).replace(/\/\/[^/@]*@/g, '//…@')}, allowed: ${allowed}`;

/** One line about a wrong secret. */
export const wrongSecret = (name: string, allowed: string): string =>
  `${name}: got a value that is not shown, allowed: ${allowed}`;

/** Why a file cannot be read, without the stack: `ENOENT`, `EACCES`, `EISDIR` ... */
export const reason = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown reason';
