/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The deepest nesting that any API accepts. */
export const MAX_JSON_DEPTH = 64;

/** Whether a JSON text is nested at most `limit` levels deep; `value` is what it parsed to. */
export function withinDepth(text: string, value: unknown, limit = MAX_JSON_DEPTH): boolean {
  return opensAtMost(text, limit) || isShallow(value, limit);
}

const CURLY = 123;
const SQUARE = 91;

/** A text that opens few brackets cannot be deep; that is all that most need to be asked. */
function opensAtMost(text: string, limit: number): boolean {
  let opened = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code === CURLY || code === SQUARE) && ++opened > limit) return false;
  }
  return true;
}

/** Looks no deeper than the limit, so hostile depth costs no stack. */
function isShallow(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (limit === 0) return false;
  for (const key in value) if (!isShallow((value as Record<string, unknown>)[key], limit - 1)) return false;
  return true;
}
