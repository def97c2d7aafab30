import { DELIVERY_STATES } from '../../core/delivery.js';
import {
  arrayOf,
  integer,
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
import type { DeliveryDetailsWire, DeliveryWire } from './deliveries.wire.js';
import { DEFAULT_PAGE, MAX_PAGE } from './task-list.query.js';

/** The API for looking at what goes out, described. */
const EXAMPLE_ID = 'd-0198f2a4c1d27000a3b1c2d3e4f50617';
const delivery = {
  ...pathParameter('delivery', 'The delivery', text('Its id')),
  example: EXAMPLE_ID,
};

const EXAMPLE: DeliveryWire = {
  delivery_id: EXAMPLE_ID,
  kind: 'callback',
  namespace: 'default',
  endpoint: 'default https://orchestrator.example.com',
  status: 'dead',
  task_id: 't-0198f2a4c0b17000a1b2c3d4e5f60718',
  attempts: 16,
  error: 'status 500',
  created_at: '2026-01-01T12:00:00.000Z',
  ended_at: '2026-01-01T17:08:15.000Z',
};
const EXAMPLE_DETAILS: DeliveryDetailsWire = {
  ...EXAMPLE,
  url: 'https://orchestrator.example.com/hooks/tasks',
  body: '{"event":"completed","task_id":"t-0198f2a4c0b17000a1b2c3d4e5f60718"}',
  attempt_log: [{ at: '2026-01-01T12:00:00.000Z', ms: 31, status: 500, error: 'status 500' }],
};

const FIELDS: Readonly<Record<string, Schema>> = {
  delivery_id: text('Stays the same over all tries; callbacks carry it as `webhook-id`'),
  kind: text('Such as `callback` or `push`'),
  namespace: text('The tenant'),
  endpoint: text('What shares a limit of tries at the same time'),
  status: words(
    'Where it stands; `waiting`: behind an earlier one to the same receiver, `dead`: given up',
    DELIVERY_STATES,
  ),
  task_id: text('The task that it is about'),
  message_id: text('The message that it is about'),
  attempts: integer('Tries since it was put in or started again', { minimum: 0 }),
  error: text('Of the last try that failed, or why it was given up'),
  created_at: time('When it was put in'),
  due_at: time('When it is tried next'),
  expires_at: time('When it is given up at the latest'),
  ended_at: time('When it was taken or given up'),
};
const REQUIRED = ['delivery_id', 'kind', 'namespace', 'endpoint', 'status', 'attempts', 'created_at'];

const details = ok('The delivery', ref('DeliveryDetails'), {
  dead: { summary: 'Given up', value: EXAMPLE_DETAILS },
});

const LIST: Operation = {
  operationId: 'listDeliveries',
  summary: 'List deliveries, newest first',
  parameters: [
    queryParameter('status', 'Only these', { type: 'string', enum: [...DELIVERY_STATES] }),
    queryParameter('kind', 'Only these', text('Such as `callback`', { minLength: 1, maxLength: 128 })),
    queryParameter('limit', 'Size of the page', {
      type: 'integer',
      minimum: 1,
      maximum: MAX_PAGE,
      default: DEFAULT_PAGE,
    }),
    queryParameter('cursor', '`next_cursor` of the page before', text('As it came')),
  ],
  responses: {
    200: ok('A page', ref('DeliveryList'), {
      dead: { summary: 'The last page', value: { deliveries: [EXAMPLE], next_cursor: null } },
    }),
    ...refusals(['INVALID', 'UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED']),
  },
};

const GET: Operation = {
  operationId: 'getDelivery',
  summary: 'A delivery with all its tries',
  parameters: [delivery],
  responses: {
    200: details,
    ...refusals({
      UNAUTHENTICATED: 'No token, or one that is not to be trusted',
      FORBIDDEN: 'The token lacks the right',
      NOT_FOUND: 'There is no such delivery in the caller’s namespace',
      RATE_LIMITED: 'The caller has used up its allowance',
    }),
  },
};

const REDELIVER: Operation = {
  operationId: 'redeliver',
  summary: 'Start a delivery again that was given up',
  description: 'It is due at once and has all its tries before it. Its id stays the same.',
  parameters: [delivery],
  responses: {
    200: details,
    ...refusals({
      UNAUTHENTICATED: 'No token, or one that is not to be trusted',
      FORBIDDEN: 'The token lacks the right `execute`',
      NOT_FOUND: 'There is no such delivery in the caller’s namespace',
      CONFLICT: 'It has not been given up',
      RATE_LIMITED: 'The caller has used up its allowance',
      STORAGE_UNAVAILABLE: 'The storage takes no writes now; nothing was changed',
    }),
  },
};

export const DELIVERIES_API: ApiFragment = {
  tag: { name: 'Deliveries', description: 'What goes out by itself: callbacks, push notifications' },
  operations: {
    'GET /deliveries': LIST,
    'GET /deliveries/{delivery}': GET,
    'POST /deliveries/{delivery}/redeliver': REDELIVER,
  },
  schemas: {
    Delivery: object('Something that goes out; what it does not have is left out.', FIELDS, REQUIRED),
    DeliveryList: object(
      'A page of deliveries, newest first.',
      {
        deliveries: arrayOf(ref('Delivery'), 'The page'),
        next_cursor: { type: ['string', 'null'], description: 'For the next page; null: this was the last' },
      },
      ['deliveries', 'next_cursor'],
    ),
    DeliveryAttempt: object(
      'One try.',
      {
        at: time('When it began'),
        ms: integer('How long it took, milliseconds'),
        status: integer('Of the answer; absent: there was none'),
        error: text('Absent: it was taken'),
      },
      ['at', 'ms'],
    ),
    DeliveryDetails: object(
      'A delivery with all its tries.',
      {
        ...FIELDS,
        url: { type: ['string', 'null'], description: 'Where it goes; null: not by HTTP' },
        body: text('What is sent'),
        attempt_log: arrayOf(ref('DeliveryAttempt'), 'Every try, oldest first'),
      },
      [...REQUIRED, 'url', 'body', 'attempt_log'],
    ),
  },
};
