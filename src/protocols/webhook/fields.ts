import { invalid } from '../../core/errors.js';
import { isObject, type JsonObject } from '../../core/json.js';

/** Fields of bodies and queries that this protocol checks by hand. All throw GatewayError INVALID naming the field. */

const UNITS = { ms: 1, s: 1000, m: 60_000 } as const;
const DURATION = /^(\d{1,9})(ms|s|m)?$/;

export function bodyObject(body: unknown): JsonObject {
  if (!isObject(body)) throw invalid('body', body, 'a JSON object');
  return body;
}

export function optionalText(field: string, value: unknown, max: number): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > max)
    throw invalid(field, value, `a string of at most ${max} characters`);
  return value;
}

export function optionalObject(field: string, value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(field, value, 'an object');
  return value;
}

/** A whole number within limits, as JSON or as text of a query. */
export function integerIn(field: string, value: unknown, min: number, max: number, absent: number): number {
  if (value === undefined || value === null) return absent;
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (Number.isInteger(number) && (number as number) >= min && (number as number) <= max)
    return number as number;
  throw invalid(field, value, `an integer from ${min} to ${max}`);
}

/** `30s`, `500ms`, `1m`, or a number of seconds; as milliseconds. Longer than `max` counts as `max`. */
export function waitTime(field: string, value: unknown, max: number): number {
  if (value === undefined) return 0;
  const [, count, unit = 's'] = (typeof value === 'string' && DURATION.exec(value)) || [];
  if (count === undefined) throw invalid(field, value, 'a duration such as 500ms, 30s, 1m');
  return Math.min(max, Number(count) * UNITS[unit as keyof typeof UNITS]);
}

/** `true` or `false` in a query. */
export function queryFlag(field: string, value: unknown, absent: boolean): boolean {
  if (value === undefined) return absent;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(field, value, 'true or false');
}

/** Ids in a body. */
export function idList(field: string, value: unknown, max: number): string[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= max;
  if (!isList || !value.every((id): id is string => typeof id === 'string' && id.length <= 128))
    throw invalid(field, value, `an array of 1 to ${max} ids`);
  return [...new Set(value)];
}
