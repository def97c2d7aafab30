/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The deepest nesting that any API accepts. */
export const MAX_JSON_DEPTH = 64;

/** Whether a parsed value is nested at most `limit` levels deep. Looks no deeper than that, so hostile depth costs no stack. */
export function withinDepth(value: unknown, limit = MAX_JSON_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (limit === 0) return false;
  for (const key in value) if (!withinDepth((value as Record<string, unknown>)[key], limit - 1)) return false;
  return true;
}
