import { z } from 'zod';
import { isObject, type JsonObject } from '../../core/json.js';
import { isHostile } from '../../core/text.js';
import { invalidFields, type FieldError } from './ooder-errors.js';

/** Largest JSON column, in bytes. */
export const MAX_JSON = 64 * 1024;
/** Largest body below /api/v1, in bytes. */
export const MAX_BODY = 1024 * 1024;

const ID = /^[A-Za-z0-9][A-Za-z0-9._:~-]{0,35}$/;
export const ID_RULE = '1 to 36 of A-Z a-z 0-9 . _ : ~ -, the first a letter or digit';

/** An id as callers may choose it. */
export const id = z.string(ID_RULE).regex(ID, ID_RULE);

/** One line of text. */
export function line(max: number): z.ZodString {
  const rule = `a string of 1 to ${max} characters, no control or bidirectional-override characters`;
  return z
    .string(rule)
    .min(1, rule)
    .max(max, rule)
    .refine((text) => !isHostile(text), rule);
}

const DESCRIPTION_RULE = 'a string of at most 1024 characters';
export const description = nullable(
  z
    .string(DESCRIPTION_RULE)
    .max(1024, DESCRIPTION_RULE)
    .refine((text) => text.isWellFormed(), DESCRIPTION_RULE),
);

const JSON_RULE = `a JSON object of at most ${MAX_JSON} bytes`;
const json = z.custom<JsonObject>(
  (value) => isObject(value) && Buffer.byteLength(JSON.stringify(value)) <= MAX_JSON,
  JSON_RULE,
);

/** A JSON object; absent or null: an empty one. */
export const jsonColumn = json.nullish().transform((value) => value ?? {});

/** A value that may be absent or null, which is the same. */
export function nullable<T extends z.ZodType>(type: T) {
  return type.nullish().transform((value) => value ?? null);
}

/** One word of a list. */
export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, `one of ${words.join(', ')}`);

export const number = z.number('a finite number');

export const integer = (min: number, max: number) => {
  const rule = `an integer from ${min} to ${max}`;
  return z.int(rule).min(min, rule).max(max, rule);
};

/**
 * A body by its schema; unknown fields are dropped.
 * @param strict unknown fields are refused
 * @throws GatewayError INVALID with every field that is wrong
 */
export function parsed<T extends z.ZodObject>(schema: T, body: unknown, strict = false): z.output<T> {
  if (!isObject(body)) throw invalidFields([{ field: 'body', rule: 'a JSON object' }]);
  const unknown = strict ? unknownFields(schema, body) : [];
  const result = schema.safeParse(body);
  if (result.success && unknown.length === 0) return result.data;
  const wrong = (result.error?.issues ?? []).map(({ path, message }) => ({
    field: path.join('.') || 'body',
    rule: message,
  }));
  throw invalidFields([...wrong, ...unknown]);
}

export const unknownFields = (schema: z.ZodObject, body: JsonObject): FieldError[] =>
  Object.keys(body)
    .filter((field) => !Object.hasOwn(schema.shape, field))
    .map((field) => ({ field, rule: 'there is no such field (strict=true)' }));
