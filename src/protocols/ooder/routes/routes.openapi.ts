import {
  arrayOf,
  flag,
  integer,
  jsonBody,
  object,
  openObject,
  ref,
  text,
  time,
  type Operation,
  type Schema,
} from '../../../transport/openapi/fragment.js';
import { crud } from '../openapi-crud.js';
import {
  answer,
  BODY_REFUSALS,
  idParameter,
  idSchema,
  IF_MATCH,
  listSchema,
  one,
  orNull,
  READ_REFUSALS,
  refused,
} from '../openapi-words.js';
import { MAX_ENDPOINTS, ROUTE_LIST } from './route.mapper.js';

const AT = '2026-01-18T00:00:00.000Z';
const NEW_ROUTE = {
  route_id: 'to-center',
  name: 'Everything of hall A to the center',
  source: { agent_type: 'bot', filters: {} },
  destination: {
    agent_type: '*',
    endpoints: [
      { url: 'https://center.example/api/v1/messages/forward', weight: 3 },
      { url: 'agent:standby-1', weight: 0 },
    ],
  },
  priority: 10,
  enabled: true,
};
const ROUTE = { ...NEW_ROUTE, description: null, created_at: AT, updated_at: AT, version: 1 };

const AGENT_TYPE = text('Type of agent; `*`: any', { minLength: 1, maxLength: 64 });
const ENDPOINT = object(
  'Where messages go.',
  {
    url: text('http(s), ws(s) or mqtt(s) URL without credentials, or `agent:<id>`', { maxLength: 512 }),
    weight: integer('Share; 0: a backup', { minimum: 0, maximum: 1000, default: 1 }),
  },
  ['url'],
);
const FIELDS = {
  route_id: idSchema('Chosen by the caller, or made'),
  name: text('1 to 255 characters', { minLength: 1, maxLength: 255 }),
  description: orNull(text('For people', { maxLength: 1024 })),
  source: object(
    'Whose messages.',
    {
      agent_type: AGENT_TYPE,
      filters: openObject(
        '`agent_id`, `zone_id`, `space_id` (and what stands below it), `capability`, `tags`, `metadata.<field>`: all must hold, of a list one',
      ),
    },
    ['agent_type'],
  ),
  destination: object(
    'Where they go.',
    { agent_type: AGENT_TYPE, endpoints: arrayOf(ENDPOINT, `1 to ${MAX_ENDPOINTS}`) },
    ['agent_type', 'endpoints'],
  ),
  priority: integer('Larger ones come first'),
  enabled: { ...flag('Whether it counts'), default: true } as Schema,
};
const SHOWN = {
  ...FIELDS,
  created_at: time('When'),
  updated_at: time('When it was changed last'),
  version: integer('One more at each change; the ETag', { minimum: 1 }),
};

export const ROUTE_SCHEMAS: Readonly<Record<string, Schema>> = {
  NewRoute: object('A rule to be created.', FIELDS, ['name', 'source', 'destination']),
  Route: object('A rule that says where messages go.', SHOWN, Object.keys(SHOWN)),
  RouteList: listSchema('Route'),
  RouteMatchRequest: object(
    'A message that is not sent.',
    { source_id: idSchema('The agent that would send it'), destination_id: idSchema('Who would get it') },
    ['source_id', 'destination_id'],
  ),
  RouteMatch: object(
    'The rule that it would take.',
    {
      route_id: idSchema('The rule'),
      endpoint: ENDPOINT,
      considered: arrayOf(
        object(
          'A rule that was looked at.',
          { route_id: idSchema('The rule'), matches: flag('Whether it does'), reason: text('Why') },
          ['route_id', 'matches', 'reason'],
        ),
        'In their order, up to the one that matches',
      ),
    },
    ['route_id', 'endpoint', 'considered'],
  ),
};

const turn = (word: 'enable' | 'disable'): Operation => ({
  operationId: `${word}Route`,
  summary: `${word === 'enable' ? 'Enable' : 'Disable'} a rule`,
  description: 'Needs the right `admin`.',
  parameters: [idParameter('The rule', 'to-center'), IF_MATCH],
  responses: {
    200: answer('It', 'Route', { ...ROUTE, enabled: word === 'enable' }),
    ...refused(...BODY_REFUSALS, 'NOT_FOUND', 'CONFLICT'),
  },
});

export const ROUTE_OPERATIONS: Readonly<Record<string, Operation>> = {
  ...crud({
    path: '/api/v1/routes',
    name: 'Route',
    words: ROUTE_LIST,
    created: one('With a backup', NEW_ROUTE),
    whole: NEW_ROUTE,
    patch: { priority: 20 },
    record: ROUTE,
    id: 'to-center',
  }),
  'POST /api/v1/routes/{id}/enable': turn('enable'),
  'POST /api/v1/routes/{id}/disable': turn('disable'),
  'POST /api/v1/routes/match': {
    operationId: 'matchRoute',
    summary: 'Which rule a message would take, and why',
    description:
      'A dry run. The first rule in the order of priority, number of filters and age that matches; the endpoint with the largest share.',
    requestBody: jsonBody(
      ref('RouteMatchRequest'),
      one('From a bot', { source_id: 'nanobot-text-001', destination_id: 'center' }),
    ),
    responses: {
      200: answer('The rule', 'RouteMatch', {
        route_id: 'to-center',
        endpoint: NEW_ROUTE.destination.endpoints[0],
        considered: [{ route_id: 'to-center', matches: true, reason: 'matches' }],
      }),
      ...refused(...READ_REFUSALS, 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'NOT_FOUND'),
    },
  },
};
