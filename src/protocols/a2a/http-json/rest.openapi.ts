import {
  headerParameter,
  integer,
  object,
  ok,
  openObject,
  pathParameter,
  queryParameter,
  ref,
  sharedResponse,
  text,
  words,
  type ApiFragment,
  type Operation,
  type Response,
  type Schema,
} from '../../../transport/openapi/fragment.js';
import { EXAMPLE_TASK_ID } from '../../../transport/orchestrator/orchestrator.openapi.js';
import type { Dialect } from '../requests/checks.wire.js';
import { OPERATIONS_03 } from './operations-03.js';
import { OPERATIONS_10 } from './operations-10.js';
import type { OperationName } from './operations.js';
import { BASES, legacyPath, PATHS } from './rest-paths.js';

/** The HTTP+JSON bindings, described at the level of their envelopes: the messages themselves are the standard's. */
interface Route {
  readonly name: OperationName;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  /** An example of the body, with its media type: those of `application/json` can be sent as they are. */
  readonly body?: {
    readonly type: string;
    readonly example: (id: string) => Readonly<Record<Dialect, object>>;
  };
  readonly answer: Readonly<Record<Dialect, object>>;
}

const TASK = { id: EXAMPLE_TASK_ID, contextId: 'c-1', status: { state: 'TASK_STATE_COMPLETED' } };
const same = (example: object) => ({ '1.0': example, '0.3': example });

const HELLO = [{ text: 'Hello!' }];
/** A message is the same task wherever it is sent to, so that each example has its own. */
const send = (messageId: string) => ({
  '1.0': { message: { messageId, role: 'ROLE_USER', parts: HELLO } },
  '0.3': { message: { messageId, role: 'ROLE_USER', content: HELLO } },
});

const PUSH = {
  '1.0': { id: 'push-1', taskId: EXAMPLE_TASK_ID, url: 'https://example.com/hook' },
  '0.3': {
    name: `tasks/${EXAMPLE_TASK_ID}/pushNotificationConfigs/push-1`,
    pushNotificationConfig: { id: 'push-1', url: 'https://example.com/hook' },
  },
};

const STREAM = same({ task: TASK });
const A2A_JSON = 'application/a2a+json';
const JSON_TYPE = 'application/json';

const ROUTES: readonly Route[] = [
  {
    name: 'sendMessage',
    method: 'POST',
    path: PATHS.sendMessage,
    summary: 'Send a message and wait for the result',
    body: { type: JSON_TYPE, example: send },
    answer: same({ task: TASK }),
  },
  {
    name: 'streamMessage',
    method: 'POST',
    path: PATHS.streamMessage,
    summary: 'Send a message and follow its task',
    body: { type: JSON_TYPE, example: send },
    answer: STREAM,
  },
  {
    name: 'listTasks',
    method: 'GET',
    path: PATHS.listTasks,
    summary: 'List tasks, the newest first',
    answer: same({ tasks: [TASK], nextPageToken: '', pageSize: 50, totalSize: 1 }),
  },
  { name: 'getTask', method: 'GET', path: PATHS.getTask, summary: 'A task', answer: same(TASK) },
  {
    name: 'cancelTask',
    method: 'POST',
    path: PATHS.cancelTask,
    summary: 'Cancel a task',
    answer: same(TASK),
  },
  { name: 'subscribe', method: 'GET', path: PATHS.subscribe, summary: 'Follow a task', answer: STREAM },
  {
    name: 'subscribe',
    method: 'POST',
    path: PATHS.subscribe,
    summary: 'Follow a task (by POST)',
    answer: STREAM,
  },
  {
    name: 'createPushConfig',
    method: 'POST',
    path: PATHS.pushConfigs,
    summary: 'Have a task’s changes pushed to a URL',
    body: { type: A2A_JSON, example: () => PUSH },
    answer: PUSH,
  },
  {
    name: 'listPushConfigs',
    method: 'GET',
    path: PATHS.pushConfigs,
    summary: 'Where a task’s changes are pushed to',
    answer: { '1.0': { configs: [PUSH['1.0']] }, '0.3': { configs: [PUSH['0.3']] } },
  },
  {
    name: 'getPushConfig',
    method: 'GET',
    path: PATHS.pushConfig,
    summary: 'One push configuration',
    answer: PUSH,
  },
  {
    name: 'deletePushConfig',
    method: 'DELETE',
    path: PATHS.pushConfig,
    summary: 'End the pushing to one URL',
    answer: same({}),
  },
  {
    name: 'getCard',
    method: 'GET',
    path: PATHS.extendedCard,
    summary: 'The card for callers with a token',
    answer: same({ name: 'agent-gateway', url: 'http://127.0.0.1:8443/a2a' }),
  },
];

const PARAMETERS: Readonly<Record<string, NonNullable<Operation['parameters']>[number]>> = {
  skill: { ...pathParameter('skill', 'The skill', text('Id')), example: 'summarize' },
  agent: { ...pathParameter('agent', 'The agent', text('Name')), example: 'nanobot-text-001' },
  id: { ...pathParameter('id', 'The task', text('Id')), example: EXAMPLE_TASK_ID },
  config: pathParameter('config', 'The push configuration', text('Id')),
};

const LIST_QUERY = [
  queryParameter('contextId', 'Only of this context', text('Id')),
  queryParameter('status', 'Only in this state', text('`TASK_STATE_…`')),
  queryParameter(
    'pageSize',
    'Tasks of a page',
    integer('1 to 100', { minimum: 1, maximum: 100, default: 50 }),
  ),
  queryParameter('pageToken', 'The page after', text('`nextPageToken` of the page before')),
];
const VERSION = headerParameter('A2A-Version', 'The version of the protocol', {
  ...words('Version', ['1.0', '0.3']),
});
const LAST = headerParameter('Last-Event-ID', 'Resumes after this event', text('The task’s sequence'));

const WRONG = { message: 'message.parts: got nothing, allowed: a list of at least one part' };

type Responses = NonNullable<Operation['responses']>;

/** How the bindings say no: an answer of each version that all operations share. */
const REFUSAL: Readonly<Record<Dialect, { readonly name: string; readonly response: Response }>> = {
  '1.0': {
    name: 'A2aRefusal',
    response: ok(
      'The call is refused: `error.details` has the reason',
      ref('A2aStatus'),
      {
        refusal: {
          summary: 'A field is missing',
          value: { error: { code: 400, status: 'INVALID_ARGUMENT', ...WRONG, details: [] } },
        },
      },
      A2A_JSON,
    ),
  },
  '0.3': {
    name: 'A2aRefusal03',
    response: ok('The call is refused', ref('A2aError'), {
      refusal: { summary: 'A field is missing', value: { code: -32602, ...WRONG } },
    }),
  },
};
const TENANT =
  'The same below `/{tenant}/`: the `tenant` of the card’s interface, `agents/<name>`, `skills/<id>` or a namespace.';
const GUARDED = [400, 401, 403, 429, 503];

const refusals = (statuses: readonly number[], dialect: Dialect): Responses =>
  Object.fromEntries(statuses.map((status) => [status, sharedResponse(REFUSAL[dialect].name)]));

function answerOf({ name, answer }: Route, dialect: Dialect): Responses {
  const { status } = (dialect === '1.0' ? OPERATIONS_10 : OPERATIONS_03)[name];
  if (status === 204) return { 204: { description: 'Done' } };
  const example = answer[dialect];
  if (status === 'events') {
    const value = `id: 1\ndata: ${JSON.stringify(example)}\n\n`;
    const media = {
      schema: text('Server-Sent Events'),
      examples: { first: { summary: 'The first event', value } },
    };
    return { 200: { description: 'The events', content: { 'text/event-stream': media } } };
  }
  const type = dialect === '1.0' ? A2A_JSON : JSON_TYPE;
  const media = { schema: ref('A2aObject'), examples: { answer: { summary: 'An answer', value: example } } };
  return { [status]: { description: 'The answer', content: { [type]: media } } };
}

function operationAt(route: Route, dialect: Dialect, path: string): [string, Operation] {
  const described = path
    .replaceAll('\\:', '\n')
    .replace(/:(\w+)/g, '{$1}')
    .replaceAll('\n', ':');
  const inPath = [...described.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) => PARAMETERS[name] ?? []);
  const isList = route.name === 'listTasks' && dialect === '1.0';
  const { body } = route;
  const statuses = described.includes('{id}') ? [...GUARDED, 404] : GUARDED;
  const operationId = `${route.method.toLowerCase()}-${described}`
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/-$/, '');
  const operation: Operation = {
    operationId,
    summary: `${route.summary} (A2A ${dialect})`,
    ...(dialect === '1.0' && { description: TENANT }),
    parameters: [
      ...inPath,
      ...(isList ? LIST_QUERY : []),
      VERSION,
      ...(route.answer === STREAM ? [LAST] : []),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: {
          [body.type]: {
            schema: ref('A2aObject'),
            examples: { body: { summary: 'An example', value: body.example(operationId)[dialect] } },
          },
        },
      },
    }),
    responses: { ...answerOf(route, dialect), ...refusals(statuses, dialect) },
  };
  return [`${route.method} /${described}`, operation];
}

const operations = BASES.flatMap((base) =>
  ROUTES.flatMap((route) => {
    const legacy = route.name === 'getCard' ? legacyPath(PATHS.card) : legacyPath(route.path);
    return [
      ...(route.name === 'listTasks' ? [] : [operationAt(route, '0.3', `${base}/${legacy}`)]),
      operationAt(route, '1.0', `${base}/${route.path}`),
    ];
  }),
);

const A2A_STATUS: Schema = object(
  'How 1.0 says no: a `google.rpc.Status`.',
  {
    error: object(
      'The status.',
      {
        code: integer('The HTTP status'),
        status: text('Of gRPC'),
        message: text('For people: the field, what was given, what is allowed'),
        details: {
          type: 'array',
          items: openObject('`ErrorInfo` has the reason, `RequestInfo` the request’s id'),
        },
      },
      ['code', 'status', 'message', 'details'],
    ),
  },
  ['error'],
);

/** What the HTTP+JSON bindings add to the document. */
export const A2A_REST: Required<Pick<ApiFragment, 'operations' | 'schemas' | 'responses'>> = {
  operations: Object.fromEntries(operations),
  responses: Object.fromEntries(Object.values(REFUSAL).map(({ name, response }) => [name, response])),
  schemas: {
    A2aObject: openObject('As the standard says'),
    A2aStatus: A2A_STATUS,
    A2aError: object(
      'How 0.3 says no.',
      {
        code: integer('As in its JSON-RPC binding'),
        message: text('For people'),
        data: { description: 'More, if there is more' },
      },
      ['code', 'message'],
    ),
  },
};
