import { isObject, type Json, type JsonObject } from '../../core/json.js';

/** JSON Merge Patch (RFC 7396): objects are merged, null removes, everything else replaces. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const fields = new Map<string, Json | undefined>(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) fields.delete(key);
    else fields.set(key, isObject(value) ? mergePatch(objectOr(fields.get(key)), value) : value);
  }
  return Object.fromEntries(fields); // defines its fields, so `__proto__` is one like any other
}

const objectOr = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
