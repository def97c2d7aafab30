import { z } from 'zod';

const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;
/** The last moment that a Date can be. */
const LAST = 8.64e15;
export const TIME_RULE = 'ISO 8601 with a time zone, or milliseconds since the epoch';

/** A moment as callers may write it, in milliseconds since the epoch; undefined: it is none. */
export function toMoment(value: unknown): number | undefined {
  const ms = typeof value === 'string' && ISO.test(value) ? Date.parse(value) : value;
  return typeof ms === 'number' && ms >= 0 && ms <= LAST ? Math.floor(ms) : undefined;
}

/** A moment in a body. */
export const timestamp = z.unknown().transform((value, context) => {
  const moment = toMoment(value);
  if (moment === undefined) context.addIssue({ code: 'custom', message: TIME_RULE });
  return moment ?? z.NEVER;
});

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
export const DURATION_RULE = 'a number and a unit of ms, s, m, h, d, as in 5m';

/** Milliseconds of a duration such as `5m`; undefined: it is none. */
export function toDuration(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  return ms >= 1 ? ms : undefined;
}
