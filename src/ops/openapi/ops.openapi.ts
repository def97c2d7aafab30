import {
  integer,
  object,
  ok,
  PUBLIC,
  ref,
  refusals,
  text,
  words,
  type ApiFragment,
  type Operation,
} from '../../transport/openapi/fragment.js';

/** What operators ask, described. */
const one = (summary: string, value: unknown) => ({ example: { summary, value } });

const ready = (status: 'ok' | 'unavailable') => ({
  status,
  components: {
    storage: status === 'ok' ? { status } : { status, detail: 'takes no writes now; reads go on' },
  },
});

const HEALTH: Operation = {
  operationId: 'getHealth',
  summary: 'The process answers',
  ...PUBLIC,
  responses: {
    200: ok('It does', ref('Health'), one('Running', { status: 'ok', version: '0.1.0', uptime_seconds: 12 })),
  },
};

const LIVE: Operation = {
  operationId: 'getLiveness',
  summary: 'For a liveness probe',
  ...PUBLIC,
  responses: { 200: ok('It lives', ref('Liveness'), one('Alive', { status: 'ok' })) },
};

const READY: Operation = {
  operationId: 'getReadiness',
  summary: 'Whether it takes work, component by component',
  ...PUBLIC,
  responses: {
    200: ok('It does', ref('Readiness'), one('Ready', ready('ok'))),
    503: ok('Not now', ref('Readiness'), one('The disk is full', ready('unavailable'))),
  },
};

const METRICS: Operation = {
  operationId: 'getMetrics',
  summary: 'Metrics for Prometheus',
  description: 'With auth on it takes the token of GATEWAY_METRICS_TOKEN and no other.',
  security: [{}, { metrics: [] }],
  responses: {
    200: ok(
      'The metrics',
      text('Prometheus text format 0.0.4'),
      one('One line', 'agent_gateway_queue_depth 0\n'),
      'text/plain',
    ),
    ...refusals(['UNAUTHENTICATED']),
  },
};

export const OPS_API: ApiFragment = {
  tag: { name: 'Operations', description: 'Health and metrics' },
  operations: {
    'GET /health': HEALTH,
    'GET /health/live': LIVE,
    'GET /health/ready': READY,
    'GET /metrics': METRICS,
  },
  schemas: {
    Health: object(
      'The process.',
      {
        status: words('Always', ['ok']),
        version: text('Of the gateway'),
        uptime_seconds: integer('Since its start'),
      },
      ['status', 'version', 'uptime_seconds'],
    ),
    Liveness: object('The process.', { status: words('Always', ['ok']) }, ['status']),
    Readiness: object(
      'Every component that must be ready.',
      {
        status: words('All together', ['ok', 'unavailable']),
        components: {
          type: 'object',
          description: 'Each by its name',
          additionalProperties: object(
            'One component.',
            { status: words('How it is', ['ok', 'unavailable']), detail: text('In words') },
            ['status'],
          ),
        },
      },
      ['status', 'components'],
    ),
  },
};
