import { OUTCOMES } from '../../core/audit.js';
import { RIGHTS } from '../../core/principal.js';
import {
  arrayOf,
  integer,
  jsonBody,
  object,
  ok,
  pathParameter,
  queryParameter,
  ref,
  refusals,
  text,
  time,
  words,
  type ApiFragment,
  type Operation,
  type Schema,
} from '../../transport/openapi/fragment.js';

import { DEFAULT_PAGE, MAX_PAGE } from './audit.query.js';

/** What admins do, described. */
const name = (description: string): Schema => text(description, { minLength: 1, maxLength: 128 });
const one = (summary: string, value: unknown) => ({ example: { summary, value } });
const rights = arrayOf(words('A right', RIGHTS), '`admin` includes `execute`, `execute` includes `read`');
const orNull = (schema: Schema, description: string): Schema => ({
  oneOf: [schema, { type: 'null' }],
  description,
});

const EXAMPLE_KEY = {
  id: '5f0c3a9be1d24c77',
  name: 'translator in the shop',
  namespace: 'production',
  agent: 'translator',
  rights: ['read', 'execute'],
  created_by: 'token:gateway-auth:ops',
  created_at: '2027-01-31T12:00:00.000Z',
  expires_at: null,
  last_used_at: null,
};

const FOR_ADMINS = {
  UNAUTHENTICATED: 'No credential, or one that is not to be trusted',
  FORBIDDEN: 'The caller is no admin, or names another namespace',
  RATE_LIMITED: 'The caller has used up its allowance',
};
const STORED = { STORAGE_UNAVAILABLE: 'The storage takes no writes now; nothing was changed' };

const CREATE: Operation = {
  operationId: 'createApiKey',
  summary: 'Make an API key',
  description:
    'The key is in this answer and nowhere else: the gateway keeps its hash. It is sent as `Authorization: Bearer agk_…` or ' +
    '`X-API-Key: agk_…`, also by bots when they connect. With `agent` it may register that agent and no other.',
  requestBody: jsonBody(ref('NewApiKey'), {
    agent: { summary: 'For one agent', value: { name: 'translator in the shop', agent: 'translator' } },
    caller: { summary: 'For a caller that looks only', value: { name: 'dashboard', rights: ['read'] } },
  }),
  responses: {
    200: ok(
      'The key',
      ref('CreatedApiKey'),
      one('For one agent', {
        ...EXAMPLE_KEY,
        key: 'agk_5f0c3a9be1d24c77_9hB2cXo5m0Vd1T4yR8uKq3sWzLfGjNaPeIiUtYvCbAx',
      }),
    ),
    ...refusals({
      INVALID: 'A field is missing or wrong: `detail` names it, what was given and what is allowed',
      ...FOR_ADMINS,
      CONFLICT: 'The namespace has as many keys as it may have',
      PAYLOAD_TOO_LARGE: 'The body is over GATEWAY_HTTP_BODY_LIMIT',
      UNSUPPORTED_MEDIA_TYPE: 'The body is not JSON',
      ...STORED,
    }),
  },
};

const LIST: Operation = {
  operationId: 'listApiKeys',
  summary: 'The API keys of the namespace, without the keys themselves',
  responses: {
    200: ok('The keys, oldest first', ref('ApiKeyList'), one('One key', { api_keys: [EXAMPLE_KEY] })),
    ...refusals(FOR_ADMINS),
  },
};

const REVOKE: Operation = {
  operationId: 'revokeApiKey',
  summary: 'Withdraw an API key',
  description: 'It counts for nothing from then on. Sockets and streams that were opened with it are closed.',
  parameters: [pathParameter('id', 'Id of the key', text('As lists show it'))],
  responses: {
    204: { description: 'It is withdrawn' },
    ...refusals({ ...FOR_ADMINS, NOT_FOUND: 'There is no such key in the caller’s namespace', ...STORED }),
  },
};

const EXAMPLE_ENTRY = {
  namespace: 'production',
  seq: 41,
  at: '2027-01-31T12:00:00.000Z',
  actor: 'token:gateway-auth:ops',
  credential: null,
  action: 'key.revoke',
  object: '5f0c3a9be1d24c77',
  outcome: 'ok',
  request_id: '6c1b0f0e-3b6e-4d0c-9a51-2f0f8d2f6b7e',
  address: '192.0.2.7',
  detail: 'translator in the shop, agent translator',
  count: 1,
  hash: 'v0cQeJ3mQ9l2WcW1k4l0vDqj0N8m7c2y3eYb1xUuA5s',
};

const FILTER = [
  queryParameter('actor', 'Only what this principal did', text('As entries show it')),
  queryParameter(
    'action',
    'Only this',
    text('A word such as `task.cancel`, or a route such as `POST /tasks`'),
  ),
  queryParameter('object', 'Only what was about this', text('An id, a name, or what was asked')),
  queryParameter('outcome', 'Only these', words('How it ended', OUTCOMES)),
  queryParameter('from', 'From this moment on', time('Inclusive')),
  queryParameter('to', 'Up to this moment', time('Exclusive')),
];
const READING = {
  INVALID: 'A parameter is wrong: `detail` names it, what was given and what is allowed',
  ...FOR_ADMINS,
  STORAGE_UNAVAILABLE: 'The storage cannot be read now',
};

const AUDIT: Operation = {
  operationId: 'listAuditEntries',
  summary: 'Who did what',
  description:
    'Every change and every denial of the namespace, newest first. With `Accept: application/x-ndjson` as the export. ' +
    'With auth off there is one log for all.',
  parameters: [
    ...FILTER,
    queryParameter('limit', 'Size of the page', {
      type: 'integer',
      minimum: 1,
      maximum: MAX_PAGE,
      default: DEFAULT_PAGE,
    }),
    queryParameter('cursor', '`next_cursor` of the page before', text('A position')),
  ],
  responses: {
    200: ok('A page', ref('AuditPage'), one('The last page', { items: [EXAMPLE_ENTRY], next_cursor: null })),
    ...refusals(READING),
  },
};

const EXPORT: Operation = {
  operationId: 'exportAuditEntries',
  summary: 'Who did what, as JSON lines',
  description:
    'Oldest first, all of it: each line is an `AuditEntry`. `agent-gateway audit verify FILE` checks them.',
  parameters: FILTER,
  responses: {
    200: ok(
      'The entries',
      text('JSON lines'),
      one('One entry', `${JSON.stringify(EXAMPLE_ENTRY)}\n`),
      'application/x-ndjson',
    ),
    ...refusals(READING),
  },
};

const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });
const ENTRY_FIELDS = {
  namespace: textOrNull('Whose log it is in; null: that of what belongs to no namespace'),
  seq: integer('Dense within the log, from 1'),
  at: time('When; never before the entry before'),
  actor: textOrNull('Who; null: somebody who has not shown who he is'),
  credential: textOrNull('Id of the API key that he used'),
  action: text('What: a word such as `task.cancel`, or the route'),
  object: textOrNull('About what: an id, a name, or what was asked'),
  outcome: words('How it ended', OUTCOMES),
  request_id: textOrNull('Id of the request, as in the log'),
  address: textOrNull('Where the request came from'),
  detail: textOrNull('In words'),
  count: integer('How often; refusals of a kind within ten seconds are told together', { minimum: 1 }),
  hash: text('SHA-256 over this entry and the hash of the one before, base64url'),
};

const KEY_FIELDS = {
  id: text('Public part of the key'),
  name: name('What it is for'),
  namespace: name('The tenant'),
  agent: orNull(name('Name of an agent'), 'The only agent that it may register; null: any, with `execute`'),
  rights,
  created_by: text('Who made it'),
  created_at: time('When'),
  expires_at: orNull(time('A moment'), 'Null: never'),
  last_used_at: orNull(time('A moment'), 'To the hour; null: never'),
};

export const ADMIN_API: ApiFragment = {
  tag: { name: 'Administration', description: 'For the admins of a namespace' },
  operations: {
    'POST /api-keys': CREATE,
    'GET /api-keys': LIST,
    'DELETE /api-keys/{id}': REVOKE,
    'GET /audit': AUDIT,
    'GET /audit/export': EXPORT,
  },
  schemas: {
    AuditEntry: object(
      'Something that somebody did, or was refused.',
      ENTRY_FIELDS,
      Object.keys(ENTRY_FIELDS),
    ),
    AuditPage: object(
      'A page of the audit log.',
      {
        items: arrayOf(ref('AuditEntry'), 'Newest first'),
        next_cursor: textOrNull('For the next page; null: this is the last'),
      },
      ['items', 'next_cursor'],
    ),
    NewApiKey: object(
      'What a key shall be good for.',
      {
        name: name('What it is for'),
        namespace: name('The tenant; by default the caller’s'),
        rights: { ...rights, description: 'By default `read` and `execute`' },
        agent: name('The only agent that it may register'),
        expires_at: time('When it ends; by default never'),
      },
      ['name'],
    ),
    ApiKey: object('An API key.', KEY_FIELDS, Object.keys(KEY_FIELDS)),
    CreatedApiKey: object(
      'An API key, this once with its text.',
      { ...KEY_FIELDS, key: text('The key', { format: 'password' }) },
      [...Object.keys(KEY_FIELDS), 'key'],
    ),
    ApiKeyList: object('All keys of a namespace.', { api_keys: arrayOf(ref('ApiKey'), 'Oldest first') }, [
      'api_keys',
    ]),
  },
};
