import type { ErrorCode } from '../../core/errors.js';
import {
  arrayOf,
  headerParameter,
  integer,
  object,
  ok,
  openObject,
  pathParameter,
  queryParameter,
  ref,
  text,
  time,
  words,
  type Operation,
  type Schema,
} from '../../transport/openapi/fragment.js';
import { ID_RULE } from './fields.js';
import { DEFAULT_PAGE, MAX_PAGE, type ListWords } from './list-query.js';
import { OODER_ERRORS } from './ooder-errors.js';

/** The words of which the routes below /api/v1 are described. */
export const one = (summary: string, value: unknown) => ({ example: { summary, value } });

/** An id as the gateway shows it; callers may choose theirs. */
export const idSchema = (what: string): Schema =>
  text(`${what}: ${ID_RULE}`, { minLength: 1, maxLength: 36 });
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

export const idParameter = (what: string, example: string) => ({
  ...pathParameter('id', what, text('Id')),
  example,
});
export const STRICT = queryParameter('strict', '`true`: unknown fields are refused', { type: 'boolean' });
export const IF_MATCH = headerParameter(
  'If-Match',
  'The version that the change is meant for, in quotes; another one there: 409',
  text('`"3"`'),
);

/** The parameters of a list. */
export const listParameters = ({ filters, sorts }: ListWords<string, string>) => [
  ...Object.entries(filters).map(([name, filter]) =>
    queryParameter(
      name,
      filter.orNone ? 'Only these; empty: those without' : 'Only these',
      filter.words ? words('Word', filter.words) : text('Exact value'),
    ),
  ),
  queryParameter('sort', `${Object.keys(sorts).join(', ')}; with \`-\` in front: descending`, {
    ...text('Field', { default: '-created_at' }),
  }),
  queryParameter(
    'limit',
    'Size of the page',
    integer('Size', { minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE }),
  ),
  queryParameter('cursor', '`next_cursor` of the page before', text('Cursor')),
];

export const listSchema = (item: string): Schema =>
  object(
    'A page.',
    {
      items: arrayOf(ref(item), 'Newest first, unless sorted otherwise'),
      next_cursor: orNull(text('For the next page; null: this is the last one')),
      total: integer('How many there are on all pages'),
    },
    ['items', 'next_cursor', 'total'],
  );

const WHEN: Partial<Record<ErrorCode, string>> = {
  INVALID: 'Something is wrong: `details.errors` names each field and what is allowed',
  UNAUTHENTICATED: 'No token, or one that is not to be trusted',
  FORBIDDEN: 'The token lacks the right',
  NOT_FOUND: 'There is no such thing in the caller’s namespace',
  CONFLICT: '`details.reason`: id taken, version mismatch, cycle, has children, illegal transition',
  PAYLOAD_TOO_LARGE: 'The body is over 1 MiB',
  UNSUPPORTED_MEDIA_TYPE: 'The body is not JSON',
  RATE_LIMITED: 'The caller has used up its allowance; `Retry-After` tells when to come back',
  STORAGE_UNAVAILABLE: 'The storage takes no writes now; nothing was accepted',
};

const DETAILS: Partial<Record<ErrorCode, object>> = {
  INVALID: { errors: [{ field: 'name', rule: 'a string of 1 to 255 characters' }] },
  CONFLICT: { reason: 'version_mismatch', expected: 1, version: 2 },
};

/** How a route refuses, by status. */
export const refused = (...codes: ErrorCode[]): Operation['responses'] =>
  Object.fromEntries(
    codes.map((code) => {
      const { status, code: said } = OODER_ERRORS[code];
      const when = WHEN[code] ?? code;
      const value = {
        code: said,
        message: when,
        details: DETAILS[code] ?? {},
        timestamp: '2026-01-18T00:00:00.000Z',
      };
      return [status, ok(`\`${said}\`: ${when}`, ref('ControlError'), { [code]: { summary: when, value } })];
    }),
  );

/** Every read and every write may be refused so. */
export const READ_REFUSALS = ['INVALID', 'UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED'] as const;
export const BODY_REFUSALS = [
  ...READ_REFUSALS,
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'STORAGE_UNAVAILABLE',
] as const;

/** An answer with a record. */
export const answer = (description: string, schema: string, example: unknown) =>
  ok(description, ref(schema), one(description, example));

export const CONTROL_ERROR: Schema = object(
  'How every route below /api/v1 says no (seed 004, 6.2).',
  {
    code: words('For programs', [...new Set(Object.values(OODER_ERRORS).map(({ code }) => code))].sort()),
    message: text('For people'),
    details: openObject('`errors` with field and rule, or `reason` and what belongs to it'),
    timestamp: time('When'),
  },
  ['code', 'message', 'details', 'timestamp'],
);
