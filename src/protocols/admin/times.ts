import { invalid } from '../../core/errors.js';

/** Dates without a zone would mean another moment on another machine. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i;

/** A moment as RFC 3339 has it, in milliseconds since the epoch; undefined: none is given. @throws GatewayError INVALID */
export function timeOf(field: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === 'string' && TIME.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(ms)) throw invalid(field, value, 'a time such as 2027-01-31T12:00:00Z');
  return ms;
}
