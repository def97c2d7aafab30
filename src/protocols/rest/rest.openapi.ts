import { TASK_STATES } from '../../core/task-states.js';
import {
  arrayOf,
  headerParameter,
  integer,
  jsonBody,
  object,
  ok,
  pathParameter,
  PUBLIC,
  queryParameter,
  ref,
  refusals,
  text,
  words,
  type ApiFragment,
  type Operation,
  type Schema,
} from '../../transport/openapi/fragment.js';
import {
  EXAMPLE_ACK,
  EXAMPLE_AGENTS,
  EXAMPLE_CONTINUED,
  EXAMPLE_TASK,
  EXAMPLE_TASK_ID,
  EXAMPLE_TASKS,
  ORCHESTRATOR_SCHEMAS,
  ROUTING_FIELDS,
  ROUTING_REQUIRED,
} from '../../transport/orchestrator/orchestrator.openapi.js';
import { DEFAULT_PAGE, MAX_PAGE } from './task-list.query.js';
import { STREAM_EVENTS } from './stream-events.js';

/** The REST API for orchestrators, described (rest.routes.ts lists it, the controllers serve it). */
const TASK_ID = pathParameter('id', 'The task', ref('TaskId'));
const taskId = { ...TASK_ID, example: EXAMPLE_TASK_ID };
const name = (description: string): Schema => text(description, { minLength: 1, maxLength: 128 });
const one = (summary: string, value: unknown) => ({ example: { summary, value } });

const SUBMIT: Operation = {
  operationId: 'submitTask',
  summary: 'Submit a task',
  description:
    'Answered when the task is committed and on disk: from then on it survives any crash. The agent with the skill and the ' +
    'lowest load gets it; when all are busy it waits its turn.',
  parameters: [
    headerParameter(
      'Idempotency-Key',
      'Makes a repeat safe: the same key and body give the same task, another body 409. Per namespace.',
      text('1 to 255 visible ASCII characters', { pattern: '^[!-~]{1,255}$' }),
    ),
  ],
  requestBody: jsonBody(ref('NewTask'), EXAMPLE_TASKS),
  responses: {
    200: ok('The task is in', ref('TaskAck'), {
      assigned: { summary: 'An agent gets it', value: EXAMPLE_ACK },
      waiting: { summary: 'It waits', value: { ...EXAMPLE_ACK, assigned_agent: null } },
    }),
    ...refusals({
      INVALID: 'A field is missing or wrong: `detail` names it, what was given and what is allowed',
      UNAUTHENTICATED: 'No token, or one that is not to be trusted',
      FORBIDDEN: 'The token lacks the right `execute`, or names another namespace',
      CONFLICT: 'The Idempotency-Key was used for another body',
      PAYLOAD_TOO_LARGE: 'The body is over GATEWAY_HTTP_BODY_LIMIT',
      UNSUPPORTED_MEDIA_TYPE: 'The body is not JSON',
      RATE_LIMITED: 'The caller has used up its allowance',
      NO_AGENT_AVAILABLE: 'No online agent has the skill, and `wait_for_agent` was not set',
      OVERLOADED: 'The queue is full, or (GATEWAY_TASKS_WHEN_BUSY=reject) all agents are busy',
      STORAGE_UNAVAILABLE: 'The storage takes no writes now; nothing was accepted',
    }),
  },
};

const LIST: Operation = {
  operationId: 'listTasks',
  summary: 'List tasks, newest first',
  parameters: [
    queryParameter('status', 'Only these', { type: 'string', enum: [...TASK_STATES] }),
    queryParameter('skill', 'Only these', name('Id of the skill')),
    queryParameter('agent', 'Only tasks that this agent has or had last', name('Name of the agent')),
    queryParameter('context_id', 'Only these', name('Id of the context')),
    queryParameter('limit', 'Size of the page', {
      type: 'integer',
      minimum: 1,
      maximum: MAX_PAGE,
      default: DEFAULT_PAGE,
    }),
    queryParameter('cursor', '`next_cursor` of the page before', ref('TaskId')),
  ],
  responses: {
    200: ok(
      'A page',
      ref('TaskList'),
      one('The last page', { tasks: [withoutArtifact()], next_cursor: null }),
    ),
    ...refusals(['INVALID', 'UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED']),
  },
};

function withoutArtifact(): object {
  return { ...EXAMPLE_TASK, artifact: undefined };
}

const GET: Operation = {
  operationId: 'getTask',
  summary: 'Status and result of a task',
  parameters: [taskId],
  responses: {
    200: ok('The task', ref('Task'), one('Completed', EXAMPLE_TASK)),
    ...refusals(['UNAUTHENTICATED', 'FORBIDDEN', 'TASK_NOT_FOUND', 'RATE_LIMITED']),
  },
};

const STREAM: Operation = {
  operationId: 'watchTask',
  summary: 'Watch a task (Server-Sent Events)',
  description:
    'The task’s log from its start, or after `Last-Event-ID`, then live; the stream ends right after the terminal event. ' +
    'Comments keep an idle stream alive. A position that the log does not know gets an event `reset` and then the full log. ' +
    'This page shows the stream when it has ended; live it is `curl -N`.',
  parameters: [
    taskId,
    headerParameter(
      'Last-Event-ID',
      'The `id` of the last event that the reader has',
      text('A sequence', { examples: ['2'] }),
    ),
  ],
  responses: {
    200: {
      description: 'The events; `data` is a `TaskEvent`',
      content: {
        'text/event-stream': {
          schema: text('Events as lines `id:`, `event:`, `data:`'),
          examples: one('A task’s whole life', streamExample()),
        },
      },
    },
    ...refusals(['UNAUTHENTICATED', 'FORBIDDEN', 'TASK_NOT_FOUND', 'RATE_LIMITED']),
  },
};

function streamExample(): string {
  const events = [
    { event: 'queued', task_id: EXAMPLE_TASK_ID, agent_id: 'nanobot-text-001' },
    { event: 'progress', task_id: EXAMPLE_TASK_ID, pct: 50, message: 'processing...' },
    { event: 'completed', task_id: EXAMPLE_TASK_ID, artifact: { text: '摘要结果...' } },
  ];
  return events
    .map((data, i) => `id: ${i + 1}\nevent: ${data.event}\ndata: ${JSON.stringify(data)}\n\n`)
    .join('');
}

const CONTINUE: Operation = {
  operationId: 'continueTask',
  summary: 'Answer the agent of a task',
  description:
    'While the task is `input_required` or `auth_required`, its agent waits for the caller. The answer goes to that agent, as ' +
    'soon as it is online and has room; answered when it is on disk.',
  parameters: [
    taskId,
    headerParameter(
      'Idempotency-Key',
      'Makes a repeat safe: the same key and words are the same answer, other words 409. Per task.',
      text('1 to 255 visible ASCII characters', { pattern: '^[!-~]{1,255}$' }),
    ),
  ],
  requestBody: jsonBody(ref('Answer'), {
    words: { summary: 'In words', value: { instruction: 'The second one.' } },
    parts: {
      summary: 'In parts',
      value: { message: { role: 'user', parts: [{ type: 'data', data: { choice: 2 } }] } },
    },
  }),
  responses: {
    200: ok('The task, which goes on', ref('Task'), one('Goes on', EXAMPLE_CONTINUED)),
    ...refusals({
      INVALID: 'A field is missing or wrong: `detail` names it, what was given and what is allowed',
      UNAUTHENTICATED: 'No token, or one that is not to be trusted',
      FORBIDDEN: 'The token lacks the right `execute`',
      TASK_NOT_FOUND: 'There is no such task in the caller’s namespace',
      TASK_TERMINAL: 'The task has ended already',
      CONFLICT: 'The agent does not wait for an answer now, or the Idempotency-Key was used for another one',
      PAYLOAD_TOO_LARGE: 'The body is over GATEWAY_HTTP_BODY_LIMIT',
      UNSUPPORTED_MEDIA_TYPE: 'The body is not JSON',
      RATE_LIMITED: 'The caller has used up its allowance',
      OVERLOADED: 'The gateway is shutting down',
      STORAGE_UNAVAILABLE:
        'The storage takes no writes now; if that came up on the way, the answer is taken once it is back',
    }),
  },
};

const CANCEL: Operation = {
  operationId: 'cancelTask',
  summary: 'Cancel a task',
  description: 'In any state that is not final. The agent is told.',
  parameters: [taskId],
  responses: {
    200: ok('The canceled task', ref('Task'), one('Canceled', { ...withoutArtifact(), status: 'canceled' })),
    ...refusals({
      UNAUTHENTICATED: 'No token, or one that is not to be trusted',
      FORBIDDEN: 'The token lacks the right `execute`',
      TASK_NOT_FOUND: 'There is no such task in the caller’s namespace',
      TASK_TERMINAL: 'The task has ended already',
      RATE_LIMITED: 'The caller has used up its allowance',
      STORAGE_UNAVAILABLE:
        'The storage takes no writes now; if that came up on the way, the task is canceled once it is back',
    }),
  },
};

const EXPLAIN: Operation = {
  operationId: 'explainRouting',
  summary: 'Which agent would get a task, and why',
  description: 'A dry run: takes no slot, changes nothing.',
  requestBody: jsonBody(ref('RouteRequest'), one('By skill', { skill: 'summarize' })),
  responses: {
    200: ok(
      'The decision and its candidates',
      ref('RoutingExplanation'),
      one('One agent', {
        skill: 'summarize',
        strategy: 'least_load',
        reason: 'lowest load for its capacity',
        candidates: 1,
        available: 1,
        chosen: 'nanobot-text-001',
        load: 0,
        max_concurrency: 3,
        agents: [
          {
            agent_id: 'nanobot-text-001',
            namespace: 'production',
            load: 0,
            max_concurrency: 3,
            available: true,
          },
        ],
      }),
    ),
    ...refusals([
      'INVALID',
      'UNAUTHENTICATED',
      'FORBIDDEN',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'RATE_LIMITED',
    ]),
  },
};

const AGENTS: Operation = {
  operationId: 'listAgents',
  summary: 'The agents that are online, with their load',
  responses: {
    200: ok('The agents', ref('AgentList'), one('One bot', EXAMPLE_AGENTS)),
    ...refusals(['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED']),
  },
};

const CARD: Operation = {
  operationId: 'getAgentCard',
  summary: 'The skills of all online agents as one card',
  description: 'With auth on only agents of namespaces that the configuration marks public.',
  ...PUBLIC,
  responses: {
    200: ok('The card', ref('AgentCard'), one('One skill', cardExample())),
    ...refusals(['RATE_LIMITED']),
  },
};

function cardExample(): object {
  return {
    name: 'agent-gateway',
    description: 'One door to every agent that is connected to this gateway.',
    url: 'http://127.0.0.1:8443/a2a',
    version: '0.1.0',
    protocolVersion: '0.3.0',
    preferredTransport: 'JSONRPC',
    capabilities: { streaming: true, pushNotifications: true, stateTransitionHistory: true },
    defaultInputModes: ['text/plain', 'application/json'],
    defaultOutputModes: ['text/plain', 'application/json'],
    documentationUrl: 'http://127.0.0.1:8443/.well-known/skill.md',
    skills: EXAMPLE_AGENTS.agents[0]!.skills,
  };
}

const SKILL: Operation = {
  operationId: 'getProtocol',
  summary: 'The protocol as Markdown, for people and language models',
  description: 'Complete: who knows nothing else can write a bot or an orchestrator from it.',
  ...PUBLIC,
  responses: {
    200: ok('The document', text('Markdown'), one('Its beginning', '# agent-gateway\n'), 'text/markdown'),
    ...refusals(['RATE_LIMITED']),
  },
};

const TOKEN: Operation = {
  operationId: 'issueToken',
  summary: 'A token for a configured client (RFC 6749 §4.4)',
  description:
    'Clients stand in `auth.clients` of the configuration. Credentials by HTTP Basic or in the body.',
  ...PUBLIC,
  requestBody: {
    required: true,
    content: {
      'application/x-www-form-urlencoded': {
        schema: ref('TokenRequest'),
        examples: one('Client credentials', {
          grant_type: 'client_credentials',
          client_id: 'orchestrator',
          client_secret: 'its secret',
          scope: 'execute',
        }),
      },
    },
  },
  responses: {
    200: ok(
      'The token',
      ref('AccessToken'),
      one('One hour', {
        access_token: 'eyJhbGciOi…',
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'execute',
      }),
    ),
    400: ok(
      'The request is wrong',
      ref('OAuthError'),
      one('No grant', { error: 'invalid_request', error_description: 'grant_type is missing' }),
    ),
    401: ok(
      'The client is not known',
      ref('OAuthError'),
      one('Wrong secret', { error: 'invalid_client', error_description: 'unknown client or wrong secret' }),
    ),
    ...refusals(['PAYLOAD_TOO_LARGE', 'RATE_LIMITED']),
    503: ok(
      'Too many at once',
      ref('OAuthError'),
      one('Busy', { error: 'temporarily_unavailable', error_description: 'too many token requests' }),
    ),
  },
};

const eventSchemas: readonly Schema[] = [
  eventSchema('queued', {
    agent_id: { type: ['string', 'null'], description: 'Who gets it; null: it waits' },
    message: ref('Message'),
  }),
  eventSchema('running', { message: ref('Message') }),
  eventSchema('progress', {
    pct: { type: 'number', minimum: 0, maximum: 100 },
    message: text('In the agent’s words'),
  }),
  eventSchema('artifact', {
    artifact: ref('Artifact'),
    append: { type: 'boolean', description: 'It is a piece to add; false: it is whole' },
    last_chunk: { type: 'boolean', description: 'It is the last piece' },
  }),
  eventSchema('input_required', { message: ref('Message') }),
  eventSchema('auth_required', { message: ref('Message') }),
  eventSchema('completed', {
    artifact: { oneOf: [ref('Artifact'), { type: 'null' }] },
    artifacts: arrayOf(ref('Artifact'), 'All of them, where there are several'),
    message: ref('Message'),
  }),
  eventSchema('failed', { error: text('Why') }),
  eventSchema('rejected', { error: text('Why'), message: ref('Message') }),
  eventSchema('canceled', { reason: text('Why') }),
];

function eventSchema(event: keyof typeof STREAM_EVENTS, fields: Readonly<Record<string, Schema>>): Schema {
  const { when } = STREAM_EVENTS[event];
  return object(when, { event: { type: 'string', const: event }, task_id: ref('TaskId'), ...fields }, [
    'event',
    'task_id',
  ]);
}

const CARD_FIELDS = {
  name: text('Of the gateway'),
  description: text('In words'),
  url: text('Where calls go', { format: 'uri' }),
  version: text('Of the gateway'),
  protocolVersion: text('Of A2A'),
  preferredTransport: text('At `url`'),
  capabilities: object(
    'What it can do.',
    {
      streaming: { type: 'boolean' },
      pushNotifications: { type: 'boolean' },
      stateTransitionHistory: { type: 'boolean' },
    },
    ['streaming', 'pushNotifications', 'stateTransitionHistory'],
  ),
  defaultInputModes: arrayOf({ type: 'string' }, 'Media types'),
  defaultOutputModes: arrayOf({ type: 'string' }, 'Media types'),
  documentationUrl: text('The protocol', { format: 'uri' }),
  skills: arrayOf(ref('Skill'), 'Of all agents, without duplicates'),
};

export const REST_API: ApiFragment = {
  tag: { name: 'Orchestrators', description: 'Submit tasks, watch them, get their results' },
  operations: {
    'POST /tasks': SUBMIT,
    'GET /tasks': LIST,
    'GET /tasks/{id}': GET,
    'GET /tasks/{id}/stream': STREAM,
    'POST /tasks/{id}/messages': CONTINUE,
    'POST /tasks/{id}/cancel': CANCEL,
    'GET /agents': AGENTS,
    'POST /routing/explain': EXPLAIN,
    'GET /.well-known/agent.json': CARD,
    'GET /.well-known/skill.md': SKILL,
    'POST /oauth/token': TOKEN,
  },
  schemas: {
    ...ORCHESTRATOR_SCHEMAS,
    TaskEvent: { description: 'The data of one event of a task’s stream.', oneOf: [...eventSchemas] },
    AgentCard: object('All online agents as one (A2A).', CARD_FIELDS, Object.keys(CARD_FIELDS)),
    RouteRequest: object(
      'What a task would need of an agent.',
      {
        skill: name('Id of the skill'),
        namespace: name('The tenant'),
        agent_id: name('Only this agent'),
        context_id: name('Tasks of one context prefer one agent'),
      },
      ['skill'],
    ),
    RoutingExplanation: object(
      'What would be decided, and between whom.',
      {
        skill: name('Id of the skill'),
        ...ROUTING_FIELDS,
        agents: arrayOf(ref('Candidate'), 'Least loaded first, at most 100'),
      },
      ['skill', ...ROUTING_REQUIRED, 'agents'],
    ),
    Candidate: object(
      'An online agent that has the skill.',
      {
        agent_id: name('Name of the agent'),
        namespace: name('The tenant'),
        load: integer('Tasks that it holds'),
        max_concurrency: integer('Tasks that it can hold'),
        available: { type: 'boolean', description: 'It has a free slot' },
      },
      ['agent_id', 'namespace', 'load', 'max_concurrency', 'available'],
    ),
    TokenRequest: object(
      'RFC 6749 §4.4.2.',
      {
        grant_type: words('The one grant', ['client_credentials']),
        client_id: text('Unless it comes by HTTP Basic'),
        client_secret: text('Unless it comes by HTTP Basic', { format: 'password' }),
        scope: text('Words of `read`, `execute`, `admin`; by default all that the client has'),
      },
      ['grant_type'],
    ),
    AccessToken: object(
      'RFC 6749 §5.1.',
      {
        access_token: text('Goes into `Authorization: Bearer …`'),
        token_type: words('The one type', ['Bearer']),
        expires_in: integer('Seconds'),
        scope: text('What it may do'),
      },
      ['access_token', 'token_type', 'expires_in', 'scope'],
    ),
    OAuthError: object(
      'RFC 6749 §5.2.',
      { error: text('The RFC’s word'), error_description: text('For people') },
      ['error'],
    ),
  },
};
