import {
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
  integer,
  type ApiFragment,
  type Operation,
  type Schema,
} from '../../../transport/openapi/fragment.js';
import { AGENT_FIELDS, EXAMPLE_AGENTS } from '../../../transport/orchestrator/orchestrator.openapi.js';

/** Remote agents, described. */
const ID = pathParameter('id', 'Name of the agent', text('As lists show it'));
const NAMESPACE = queryParameter('namespace', 'Where names are not unique (auth off)', text('The tenant'));
const one = (summary: string, value: unknown) => ({ example: { summary, value } });
const secret = (description: string): Schema => text(`${description}; never returned`, { writeOnly: true });
const orNull = (schema: Schema, description: string): Schema => ({
  oneOf: [schema, { type: 'null' }],
  description,
});

const EXAMPLE_REMOTE = {
  ...EXAMPLE_AGENTS.agents[0]!,
  id: 'prime_agent',
  name: 'prime_agent',
  description: 'Tells whether numbers are prime',
  namespace: 'default',
  kind: 'a2a',
  skills: [{ id: 'prime_agent', name: 'prime_agent', description: '', tags: ['agent'] }],
  load: 0,
  max_concurrency: 10,
  card_url: 'https://primes.example.com',
  card_signature: 'none',
  streaming: true,
  auth: 'bearer',
  protocol: null,
  last_error: null,
  created_at: '2026-01-02T03:00:00.000Z',
  updated_at: '2026-01-02T03:00:00.000Z',
};

const FOR_ADMINS = {
  UNAUTHENTICATED: 'No token, or one that is not to be trusted',
  FORBIDDEN: 'The token lacks the right `admin`, or names another namespace',
  RATE_LIMITED: 'The caller has used up its allowance',
};
const STORED = { STORAGE_UNAVAILABLE: 'The storage takes no writes now; nothing was changed' };
const UNKNOWN = { AGENT_NOT_FOUND: 'There is no such agent in the caller’s namespace' };

const REGISTER: Operation = {
  operationId: 'registerRemoteAgent',
  summary: 'Register a remote A2A agent by the URL of its card',
  description:
    'An agent of A2A 1.0 or 0.3, over JSON-RPC, HTTP+JSON or gRPC, or one of the adk family. Its skills join the registry: ' +
    'tasks from every API reach it. Registering it again replaces everything, credentials included.',
  requestBody: jsonBody(ref('RemoteAgentRegistration'), {
    url: { summary: 'An open agent', value: { card_url: 'https://primes.example.com' } },
    token: {
      summary: 'With a bearer token, at most 3 tasks at once',
      value: {
        card_url: 'https://primes.example.com/.well-known/agent-card.json',
        max_concurrency: 3,
        auth: { type: 'bearer', token: 'a secret' },
      },
    },
  }),
  responses: {
    200: ok('The agent', ref('RemoteAgent'), one('An agent', EXAMPLE_REMOTE)),
    ...refusals({
      INVALID: 'A field is missing or wrong, or an address is not allowed',
      ...FOR_ADMINS,
      CONFLICT: 'A bot is online under this name, or there is no key to encrypt credentials with',
      PAYLOAD_TOO_LARGE: 'The body is over GATEWAY_HTTP_BODY_LIMIT',
      UNSUPPORTED_MEDIA_TYPE: 'The body is not JSON',
      UPSTREAM: 'There is no card, or none that can be used; `detail` says why',
      ...STORED,
    }),
  },
};

const GET: Operation = {
  operationId: 'getAgent',
  summary: 'One agent of any kind',
  parameters: [ID, NAMESPACE],
  responses: {
    200: ok(
      'The agent; of a remote one more than the list shows',
      { anyOf: [ref('RemoteAgent'), ref('Agent')] },
      one('A remote agent', EXAMPLE_REMOTE),
    ),
    ...refusals({
      INVALID: '`namespace` is no name',
      UNAUTHENTICATED: 'No token, or one that is not to be trusted',
      FORBIDDEN: 'The token names another namespace',
      ...UNKNOWN,
      RATE_LIMITED: 'The caller has used up its allowance',
    }),
  },
};

const REMOVE: Operation = {
  operationId: 'removeRemoteAgent',
  summary: 'Take a remote agent out',
  description: 'Tasks that it works on are lost to it, and follow GATEWAY_TASKS_ON_AGENT_LOST.',
  parameters: [ID, NAMESPACE],
  responses: {
    204: { description: 'It is gone' },
    ...refusals({
      INVALID: '`namespace` is no name',
      ...FOR_ADMINS,
      ...UNKNOWN,
      CONFLICT: 'The agent is connected by itself, and leaves by itself',
      ...STORED,
    }),
  },
};

const REFRESH: Operation = {
  operationId: 'refreshRemoteAgent',
  summary: 'Look at the card and the agent now',
  parameters: [ID, NAMESPACE],
  responses: {
    200: ok('The agent as it is now', ref('RemoteAgent'), one('An agent', EXAMPLE_REMOTE)),
    ...refusals({
      INVALID: '`namespace` is no name',
      ...FOR_ADMINS,
      ...UNKNOWN,
      UPSTREAM: 'It does not answer; `detail` says why',
    }),
  },
};

const AUTH: Schema = {
  description: 'What the gateway shows the agent. Encrypted in the storage.',
  oneOf: [
    object('A token', { type: words('Kind', ['bearer']), token: secret('The token') }, ['type', 'token']),
    object(
      'An API key',
      {
        type: words('Kind', ['api_key']),
        in: words('Where it is sent', ['header', 'query']),
        name: text('Of the header or query parameter'),
        key: secret('The key'),
      },
      ['type', 'name', 'key'],
    ),
    object(
      'OAuth 2.0 client credentials (RFC 6749 §4.4)',
      {
        type: words('Kind', ['oauth2']),
        token_url: text('The token endpoint', { format: 'uri' }),
        client_id: text('Of the gateway'),
        client_secret: secret('Of the gateway'),
        scope: text('Scopes, separated by spaces'),
      },
      ['type', 'token_url', 'client_id', 'client_secret'],
    ),
    object(
      'A client certificate',
      {
        type: words('Kind', ['mtls']),
        cert: text('PEM'),
        key: secret('PEM'),
        ca: text('PEM; trusted instead of the system’s authorities'),
      },
      ['type', 'cert', 'key'],
    ),
  ],
};

const REMOTE_FIELDS: Readonly<Record<string, Schema>> = {
  ...AGENT_FIELDS,
  card_url: text('As it was registered'),
  card_signature: words('Signature of its card', ['none', 'unverified', 'verified']),
  streaming: { type: 'boolean', description: 'Whether it is followed by streams' },
  auth: {
    type: ['string', 'null'],
    enum: ['bearer', 'api_key', 'oauth2', 'mtls', null],
    description: 'Kind of the credentials that it is shown',
  },
  protocol: orNull(
    object('Binding and version', { binding: text('Such as JSONRPC'), version: text('Such as 1.0') }, [
      'binding',
      'version',
    ]),
    'What is spoken with it; null until it is first called',
  ),
  last_error: {
    type: ['string', 'null'],
    description: 'Why it is offline, or why its card could not be renewed',
  },
  created_at: time('When it was first registered'),
  updated_at: time('When registration or card last changed'),
};

export const REMOTE_AGENTS_API: ApiFragment = {
  tag: { name: 'Agents', description: 'Remote A2A agents; one agent of any kind.' },
  operations: {
    'POST /agents': REGISTER,
    'GET /agents/{id}': GET,
    'DELETE /agents/{id}': REMOVE,
    'POST /agents/{id}/refresh': REFRESH,
  },
  schemas: {
    RemoteAgentRegistration: object(
      'A remote agent.',
      {
        card_url: text('Of the card, or what `.well-known/agent-card.json` is below of', { format: 'uri' }),
        namespace: text('The tenant; default: the caller’s'),
        name: text('Instead of the card’s'),
        max_concurrency: integer('Tasks that it works on at the same time', {
          minimum: 1,
          maximum: 10_000,
          default: 10,
        }),
        streaming: {
          type: ['boolean', 'null'],
          description: 'Forces or forbids streams; null: as the card says',
        },
        auth: AUTH,
      },
      ['card_url'],
    ),
    RemoteAgent: object('A remote agent.', REMOTE_FIELDS, Object.keys(REMOTE_FIELDS)),
  },
};
