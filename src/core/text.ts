import { invalid } from './errors.js';

/** Control characters, bidirectional overrides and line separators: they forge lines in logs, pages and event streams. */
const HOSTILE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

/** Whether a text would forge lines or directions where it is shown, or cannot be stored as UTF-8. */
export const isHostile = (text: string): boolean => HOSTILE.test(text) || !text.isWellFormed();

/**
 * Checks a name that others will see (agent, skill, namespace, key).
 * @throws GatewayError INVALID when it is not a string of 1..max characters, or holds control or bidi characters.
 */
export function checkName(field: string, value: unknown, max = 128): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > max || value.trim() === '')
    throw invalid(field, value, `a string of 1 to ${max} characters`);
  if (isHostile(value))
    throw invalid(field, value, 'no control or bidirectional-override characters, no half surrogates');
  return value;
}

/** As {@link checkName} for a value that may be absent. */
export function checkOptionalName(field: string, value: unknown, max = 128): string | undefined {
  return value === undefined || value === null ? undefined : checkName(field, value, max);
}
