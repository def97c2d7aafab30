import type { z } from 'zod';
import { invalid } from '../../../core/errors.js';

/**
 * Checks a value by its schema, whose messages say what is allowed.
 * @param place where the value stands in the request, as the error names it; empty: it is the request
 * @throws GatewayError INVALID naming the first wrong field, what was given and what is allowed
 */
export function fits(schema: z.ZodType, place: string, value: unknown): void {
  const issue = schema.safeParse(value).error?.issues[0];
  if (!issue) return;
  const { path, message } = issue;
  const field = path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : joined(text, String(step))),
    place,
  );
  throw invalid(field || 'body', path.reduce<unknown>(child, value), message);
}

/** The name of a field within a place. */
export const joined = (place: string, field: string): string => (place === '' ? field : `${place}.${field}`);

const child = (value: unknown, step: PropertyKey): unknown =>
  (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[step];
