import {
  headerParameter,
  integer,
  jsonBody,
  object,
  ok,
  openObject,
  pathParameter,
  PUBLIC,
  ref,
  refusals,
  text,
  words,
  type ApiFragment,
  type Operation,
} from '../../transport/openapi/fragment.js';
import { EXAMPLE_AGENTS, EXAMPLE_TASK_ID } from '../../transport/orchestrator/orchestrator.openapi.js';
import { A2A_REST } from './http-json/rest.openapi.js';
import { AuthConfig } from '../../config/auth.config.js';
import { cardSecurity } from './cards/card-security.js';
import { gatewaySubject } from './cards/card-subjects.js';
import { hybridCard } from './cards/hybrid-card.js';

/** A2A over JSON-RPC, described at the level of its envelope: the messages themselves are the standard's. */
const VERSION = headerParameter('A2A-Version', '`1.0` or `0.3`; without it the method’s name decides', {
  ...words('Version', ['1.0', '0.3']),
});
const LAST = headerParameter(
  'Last-Event-ID',
  'Resumes a stream after this event',
  text('The task’s sequence'),
);

const send = (role: string, method: string, messageId = 'msg-123') => ({
  jsonrpc: '2.0',
  method,
  params: { message: { messageId, role, parts: [{ text: 'Hello!' }] } },
  id: 1,
});

const REQUESTS = {
  send: { summary: '1.0: send, and wait for the result', value: send('ROLE_USER', 'SendMessage') },
  legacy: { summary: '0.3: the same', value: send('user', 'message/send') },
  get: {
    summary: 'A task',
    value: { jsonrpc: '2.0', method: 'GetTask', params: { id: EXAMPLE_TASK_ID }, id: 1 },
  },
};

const RESULT = {
  task: {
    id: EXAMPLE_TASK_ID,
    contextId: 'c-1',
    status: { state: 'TASK_STATE_COMPLETED', timestamp: '2026-01-02T03:04:07.012Z' },
    artifacts: [{ artifactId: 'result', parts: [{ text: '摘要结果...' }] }],
  },
};

const ANSWERS = {
  task: { summary: 'The finished task', value: { jsonrpc: '2.0', id: 1, result: RESULT } },
  error: {
    summary: 'No such task',
    value: {
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32001, message: 'task not found: there is no such task' },
    },
  },
};

const REFUSALS = refusals([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
]);

const call = (operationId: string, summary: string, parameters: Operation['parameters'] = []): Operation => ({
  operationId,
  summary,
  description:
    'Methods of A2A 1.0 (`SendMessage`, `SendStreamingMessage`, `GetTask`, `ListTasks`, `CancelTask`, `SubscribeToTask`) and ' +
    '0.3 (`message/send`, `message/stream`, `tasks/get`, `tasks/cancel`, `tasks/resubscribe`). Streams are Server-Sent Events.',
  parameters: [...parameters, VERSION, LAST],
  requestBody: jsonBody(ref('A2aCall'), REQUESTS),
  responses: { 200: ok('The answer', ref('A2aAnswer'), ANSWERS), ...REFUSALS },
});

const SKILL = { ...pathParameter('skill', 'The skill', text('Id')), example: 'summarize' };
const AGENT = { ...pathParameter('agent', 'The agent', text('Name')), example: 'nanobot-text-001' };

const STREAM: Operation = {
  operationId: 'streamA2aAdk',
  summary: 'Stream in the shape of the adk family',
  description:
    '`message/stream` and `message/send` of 0.3; refusals are status 400, and the last event is `done`.',
  requestBody: jsonBody(ref('A2aCall'), {
    legacy: { ...REQUESTS.legacy, value: send('user', 'message/stream', 'msg-124') },
  }),
  responses: {
    200: {
      description: 'The events',
      content: {
        'text/event-stream': {
          schema: text('Events with `data` alone'),
          examples: { end: { summary: 'Its end', value: 'event: done\ndata:\n\n' } },
        },
      },
    },
    ...REFUSALS,
    400: ok('The call is wrong', ref('A2aAnswer'), { error: ANSWERS.error }),
  },
};

const CARD_EXAMPLE = {
  card: {
    summary: 'One skill',
    value: hybridCard(
      gatewaySubject(
        EXAMPLE_AGENTS.agents.map((agent) => ({
          card: { ...agent, maxConcurrency: 3 },
          namespace: agent.namespace,
          kind: 'bot',
          load: 0,
          status: 'online',
          connectedAt: 0,
          lastSeen: 0,
        })) as unknown as Parameters<typeof gatewaySubject>[0],
      ),
      {
        base: 'http://127.0.0.1:8443',
        security: cardSecurity(new AuthConfig({ mode: 'jwt' }), 'http://127.0.0.1:8443'),
        streaming: true,
        pushNotifications: true,
        requiredExtensions: [],
        extended: true,
      },
    ),
  },
};

const card = (operationId: string, summary: string, parameters: Operation['parameters'] = []): Operation => ({
  operationId,
  summary,
  description:
    'Fields of A2A 1.0 and 0.3 beside each other. ETag; with auth on only what the configuration marks public.',
  ...PUBLIC,
  parameters: [
    ...parameters,
    headerParameter('If-None-Match', 'ETag of the card that is there', text('ETag')),
  ],
  responses: {
    200: ok('The card', ref('HybridAgentCard'), CARD_EXAMPLE),
    304: { description: 'It has not changed' },
    ...refusals(parameters.length > 0 ? ['AGENT_NOT_FOUND', 'RATE_LIMITED'] : ['RATE_LIMITED']),
  },
});

/** Each base, the parameter of its path, and what its card is of. */
const BASES = [
  { base: '/a2a', id: 'Gateway', of: 'the gateway', parameters: [] },
  { base: '/a2a/skills/{skill}', id: 'Skill', of: 'a skill', parameters: [SKILL] },
  { base: '/a2a/agents/{agent}', id: 'Agent', of: 'an agent', parameters: [AGENT] },
];

const extendedCard = (
  operationId: string,
  of: string,
  parameters: Operation['parameters'] = [],
): Operation => ({
  operationId,
  summary: `Card of ${of} for callers with a token`,
  description:
    'A2A 0.2’s address of it. Every agent and skill of the caller’s namespace. Without auth there is none.',
  parameters,
  responses: {
    200: ok('The card', ref('HybridAgentCard'), CARD_EXAMPLE),
    ...refusals(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'RATE_LIMITED']),
  },
});

const CARDS: ApiFragment['operations'] = {
  'GET /.well-known/agent-card.json': card('getA2aCard', 'Card of the gateway'),
  'GET /agent/authenticatedExtendedCard': extendedCard('getA2aExtendedCard', 'the gateway'),
  'GET /.well-known/jwks.json': {
    operationId: 'getJwks',
    summary: 'The public keys of the cards’ signatures',
    description: 'Empty without `GATEWAY_A2A_SIGNING_KEY`.',
    ...PUBLIC,
    responses: {
      200: ok('The keys (RFC 7517)', ref('JwkSet'), {
        none: { summary: 'Cards are not signed', value: { keys: [] } },
      }),
      ...refusals(['RATE_LIMITED']),
    },
  },
  ...Object.fromEntries(
    BASES.flatMap(({ base, id, of, parameters }) => [
      [`GET ${base}/.well-known/agent-card.json`, card(`getA2a${id}Card`, `Card of ${of}`, parameters)],
      [
        `GET ${base}/.well-known/agent.json`,
        card(`getA2a${id}CardOld`, 'The same at its older address, without extensions', parameters),
      ],
      [
        `GET ${base}/agent/authenticatedExtendedCard`,
        extendedCard(`getA2a${id}ExtendedCard`, of, parameters),
      ],
    ]),
  ),
};

export const A2A_API: ApiFragment = {
  tag: {
    name: 'A2A',
    description: 'Every agent as an A2A agent, over JSON-RPC and HTTP+JSON, in 1.0 and 0.3',
  },
  operations: {
    'POST /a2a': call('callA2a', 'Call the gateway as one agent'),
    'POST /a2a/skills/{skill}': call('callA2aSkill', 'Call a skill, whoever has it', [SKILL]),
    'POST /a2a/agents/{agent}': call('callA2aAgent', 'Call one agent', [AGENT]),
    'POST /a2a/stream': STREAM,
    ...CARDS,
    ...A2A_REST.operations,
  },
  responses: A2A_REST.responses,
  schemas: {
    ...A2A_REST.schemas,
    A2aCall: object(
      'A call of A2A’s JSON-RPC binding.',
      {
        jsonrpc: { type: 'string', const: '2.0' },
        method: text('As the standard names it'),
        params: openObject('As the standard says'),
        id: { type: ['string', 'integer', 'null'], description: 'Comes back as it was' },
      },
      ['jsonrpc', 'method'],
    ),
    A2aAnswer: object(
      'The result, or an error with the standard’s code.',
      {
        jsonrpc: { type: 'string', const: '2.0' },
        id: { type: ['string', 'integer', 'null'], description: 'Of the call' },
        result: openObject('As the standard says'),
        error: object(
          'Why not.',
          {
            code: integer('The standard’s'),
            message: text('For people'),
            data: { description: 'ErrorInfo, in 1.0' },
          },
          ['code', 'message'],
        ),
      },
      ['jsonrpc', 'id'],
    ),
    JwkSet: object('A set of keys.', { keys: { type: 'array', items: openObject('A public key') } }, [
      'keys',
    ]),
    HybridAgentCard: {
      type: 'object',
      description: 'An agent card for clients of A2A 1.0 and 0.3.',
      properties: { name: text('Of the agent'), url: text('Where calls go', { format: 'uri' }) },
      required: ['name', 'url'],
      additionalProperties: true,
    },
  },
};
