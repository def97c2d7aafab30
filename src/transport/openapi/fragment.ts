import type { OpenAPIV3_1 } from 'openapi-types';
import type { ErrorCode } from '../../core/errors.js';
import { HTTP_ERRORS } from '../http/error-table.js';

export type Schema = OpenAPIV3_1.SchemaObject | OpenAPIV3_1.ReferenceObject;
/** The package's type gives parameters the schemas of OpenAPI 3.0. */
type Parameter = Omit<OpenAPIV3_1.ParameterObject, 'schema'> & { readonly schema: Schema };
export type Operation = Omit<OpenAPIV3_1.OperationObject, 'parameters'> & {
  readonly parameters?: Parameter[];
};
export type Examples = Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
export type Response = OpenAPIV3_1.ResponseObject;

/** What one protocol adds to the API document: its routes by method and path (`GET /tasks/{id}`), and the schemas they name. */
export interface ApiFragment {
  readonly tag: { readonly name: string; readonly description: string };
  readonly operations: Readonly<Record<string, Operation>>;
  readonly schemas?: Readonly<Record<string, Schema>>;
  /** Answers that many operations share. */
  readonly responses?: Readonly<Record<string, Response>>;
}

/** A schema of the document's components. */
export const ref = (name: string): OpenAPIV3_1.ReferenceObject => ({ $ref: `#/components/schemas/${name}` });

/** An answer of the document's components. */
export const sharedResponse = (name: string): OpenAPIV3_1.ReferenceObject => ({
  $ref: `#/components/responses/${name}`,
});

/** An object; fields named in `required` are always there. */
export const object = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema => ({
  type: 'object',
  description,
  properties: { ...properties },
  ...(required.length > 0 && { required: [...required] }),
});

/** An object whose fields are its sender's business. */
export const openObject = (description: string): Schema => ({
  type: 'object',
  description,
  additionalProperties: true,
});

export const text = (description: string, more: object = {}): Schema => ({
  type: 'string',
  description,
  ...more,
});
export const words = (description: string, values: readonly string[]): Schema => ({
  type: 'string',
  enum: [...values],
  description,
});
export const integer = (description: string, more: object = {}): Schema => ({
  type: 'integer',
  description,
  ...more,
});
export const flag = (description: string): Schema => ({ type: 'boolean', description, default: false });
export const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description });
export const arrayOf = (items: Schema, description: string): Schema => ({
  type: 'array',
  items,
  description,
});

/** A body in JSON. */
export const jsonBody = (schema: Schema, examples: Examples): OpenAPIV3_1.RequestBodyObject => ({
  required: true,
  content: { 'application/json': { schema, examples: { ...examples } } },
});

const REQUEST_ID_HEADER: OpenAPIV3_1.HeaderObject = {
  description: 'Id of the request, also in the log: the one that was sent, if it was a UUID',
  schema: { type: 'string', format: 'uuid' },
};

/** An answer of 200. */
export function ok(
  description: string,
  schema: Schema,
  examples: Examples,
  mediaType = 'application/json',
): Response {
  return {
    description,
    headers: { 'x-request-id': REQUEST_ID_HEADER },
    content: { [mediaType]: { schema, examples: { ...examples } } },
  };
}

/** When each refusal happens; a route says it in its own words where this is too general. */
const WHEN: Partial<Record<ErrorCode, string>> = {
  INVALID: 'A field is missing or wrong: `detail` names it, what was given and what is allowed',
  UNAUTHENTICATED: 'No token, or one that is not to be trusted',
  FORBIDDEN: 'The token lacks the right, or names another namespace',
  TASK_NOT_FOUND: 'There is no such task in the caller’s namespace',
  TASK_TERMINAL: 'The task has ended already',
  PAYLOAD_TOO_LARGE: 'The body is over the limit',
  UNSUPPORTED_MEDIA_TYPE: 'The body is not JSON',
  RATE_LIMITED: 'The caller has used up its allowance',
};

const DETAIL: Partial<Record<ErrorCode, string>> = {
  INVALID: 'skill: got nothing, allowed: a string of 1 to 128 characters',
  UNAUTHENTICATED: 'Authorization: got nothing, allowed: Bearer <token>',
  FORBIDDEN: 'this credential lacks the right execute',
  TASK_TERMINAL: 'the task has ended already: completed',
  CONFLICT: 'Idempotency-Key: was used for another request body; use a new key',
  RATE_LIMITED: 'this caller has made its 100 requests of 1 s',
  NO_AGENT_AVAILABLE: 'skill: no online agent has the skill: "summarize"',
  OVERLOADED: 'queue: 10000 tasks wait in this namespace, allowed: 10000',
  PAYLOAD_TOO_LARGE: 'body: more than 10485760 bytes',
  UNSUPPORTED_MEDIA_TYPE: 'content-type: got "text/plain", allowed: application/json',
};

const RETRY_AFTER: OpenAPIV3_1.HeaderObject = {
  description: 'Seconds after which the same request may succeed',
  schema: { type: 'integer', minimum: 1 },
};
const MAY_RETRY: readonly ErrorCode[] = ['RATE_LIMITED', 'OVERLOADED', 'STORAGE_UNAVAILABLE'];

/** The refusals of a route, by status; codes that share a status share an entry. */
export function refusals(
  codes: Partial<Record<ErrorCode, string>> | readonly ErrorCode[],
): Record<string, Response> {
  const said = Array.isArray(codes)
    ? (codes as ErrorCode[]).map((code) => [code, WHEN[code] ?? code] as const)
    : (Object.entries(codes) as [ErrorCode, string][]);
  const responses: Record<string, Response> = {};
  for (const [code, when] of said) {
    const { status } = HTTP_ERRORS[code];
    const shared = responses[status];
    responses[status] = {
      description: shared ? `${shared.description}; \`${code}\`: ${when}` : `\`${code}\`: ${when}`,
      headers: {
        'x-request-id': REQUEST_ID_HEADER,
        ...shared?.headers,
        ...(MAY_RETRY.includes(code) && { 'retry-after': RETRY_AFTER }),
      },
      content: {
        'application/json': {
          schema: ref('Error'),
          examples: { ...shared?.content?.['application/json']?.examples, [code]: exampleOf(code) },
        },
      },
    };
  }
  return responses;
}

function exampleOf(code: ErrorCode): Examples[string] {
  const { title, detail } = HTTP_ERRORS[code];
  const value = {
    error: title,
    detail: detail ?? DETAIL[code] ?? title,
    code,
    request_id: '6c1b0f0e-3b6e-4d0c-9a51-2f0f8d2f6b7e',
  };
  return { summary: title, value };
}

export const ERROR_SCHEMA: Schema = object(
  'How every plain HTTP route says no.',
  {
    error: text('Short and constant for the code'),
    detail: text('For people: the field, what was given, what is allowed'),
    code: { ...words('For programs', Object.keys(HTTP_ERRORS)) },
    request_id: text('Id of this request in the log', { format: 'uuid' }),
  },
  ['error', 'detail', 'code', 'request_id'],
);

export const queryParameter = (name: string, description: string, schema: Schema): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
});
export const headerParameter = (name: string, description: string, schema: Schema): Parameter => ({
  name,
  in: 'header',
  description,
  schema,
});
export const pathParameter = (name: string, description: string, schema: Schema): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema,
});

/** The route needs no token. */
export const PUBLIC: Pick<Operation, 'security'> = { security: [] };
