import { invalid } from '../../../core/errors.js';
import { isObject, type JsonObject } from '../../../core/json.js';
import { fits, joined } from './fits.wire.js';
import { hasTaskId, SENDS } from './schemas.wire.js';

/** The versions of the wire; see docs/protocols/a2a.md. */
export type Dialect = '1.0' | '0.3';

/** Params of a send as the SDK's codecs want them. */
export interface CheckedSend {
  readonly params: JsonObject;
  /** Parts came without their kind: the caller is of the adk family, which reads some answers in its own way. */
  readonly untyped: boolean;
}

/**
 * @param place where the params stand in the request: `params`, or nothing
 * @throws GatewayError INVALID naming the field
 */
export function checkSend(place: string, given: unknown, dialect: Dialect): CheckedSend {
  const params = objectAt(place || 'body', given);
  if (dialect === '1.0') {
    fits(SENDS['1.0'], place, params);
    return { params, untyped: false };
  }
  const field = joined(place, 'message');
  const message = objectAt(field, params['message']);
  const { parts } = message;
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isObject))
    throw invalid(`${field}.parts`, parts, 'a list of at least one part');
  const untyped = parts.some((part) => part['kind'] === undefined);
  const typed = {
    kind: 'message',
    ...message,
    parts: parts.map((part, index) => withKind(part, `${field}.parts[${index}]`)),
  };
  const checked = { ...params, message: typed };
  fits(SENDS['0.3'], place, checked);
  return { params: checked, untyped };
}

/** adk says `taskId` where the standard says `id`. @throws GatewayError INVALID */
export function checkTaskId(place: string, given: unknown): JsonObject {
  const { taskId, id = taskId, ...rest } = objectAt(place, given);
  const params = { ...rest, id, ...(taskId !== undefined && { taskId }) } as JsonObject;
  fits(hasTaskId, place, params);
  return params;
}

/** A part by what it has (seed 002); `type` is 0.1's name of the kind. */
function withKind(part: JsonObject, place: string): JsonObject {
  const { kind, type, ...rest } = part;
  const found = kind ?? type ?? ['text', 'file', 'data'].find((name) => name in part);
  if (found === 'text' || found === 'file' || found === 'data') return { kind: found, ...rest };
  throw invalid(place, part, 'a part with text, file or data');
}

export function objectAt(field: string, value: unknown): JsonObject {
  if (!isObject(value)) throw invalid(field, value, 'an object');
  return value;
}
