import type { z } from 'zod';
import { isObject, type JsonObject } from '../../core/json.js';
import { mergePatch } from '../../engine/resources/merge-patch.js';
import { unknownFields } from './fields.js';
import { invalidFields } from './ooder-errors.js';

/** What a caller sent, and the id that he chose. */
export interface Sent<Draft> {
  readonly id: string | undefined;
  readonly draft: Draft;
}

/** How an address reads what it is sent and shows what it has. */
export interface RecordWords<Record, Wire, Draft> {
  readonly idField: string;
  readonly schema: z.ZodObject;
  read(body: unknown, strict: boolean): Sent<Draft>;
  show(record: Record): Wire;
}

/** PUT: the body is the record. @throws GatewayError INVALID */
export function replacing<R, W, D>(
  words: RecordWords<R, W, D>,
  of: string,
  body: unknown,
  strict: boolean,
): D {
  const sent = words.read(body, strict);
  requireSameId(words.idField, of, sent.id);
  return sent.draft;
}

/** PATCH: the body is merged into the record as it is shown (RFC 7396). @throws GatewayError INVALID */
export function merging<R, W, D>(
  words: RecordWords<R, W, D>,
  of: string,
  body: unknown,
  strict: boolean,
): (record: R) => D {
  if (!isObject(body)) throw invalidFields([{ field: 'body', rule: 'a JSON object' }]);
  const unknown = strict ? unknownFields(words.schema, body) : [];
  if (unknown.length > 0) throw invalidFields(unknown);
  return (record) => {
    const sent = words.read(mergePatch(words.show(record) as JsonObject, body), false);
    requireSameId(words.idField, of, sent.id);
    return sent.draft;
  };
}

function requireSameId(field: string, of: string, sent: string | undefined): void {
  if (sent !== undefined && sent !== of)
    throw invalidFields([{ field, rule: 'the id in the path, or none' }]);
}
