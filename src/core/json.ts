/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The deepest nesting that any API accepts. */
export const MAX_JSON_DEPTH = 64;

/** Whether a parsed value is nested at most `limit` levels deep. Iterative: hostile depth costs no stack. */
export function withinDepth(value: unknown, limit = MAX_JSON_DEPTH): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const below: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      if (depth >= limit) return false;
      for (const child of Object.values(item)) if (typeof child === 'object') below.push(child);
    }
    level = below;
  }
  return true;
}
