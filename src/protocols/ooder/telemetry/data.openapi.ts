import { AGGREGATES, QUALITIES } from '../../../core/data-point.js';
import {
  arrayOf,
  headerParameter,
  integer,
  jsonBody,
  object,
  openObject,
  queryParameter,
  ref,
  text,
  time,
  words,
  type Operation,
  type Schema,
} from '../../../transport/openapi/fragment.js';
import { DEFAULT_PAGE, MAX_PAGE } from '../list-query.js';
import {
  answer,
  BODY_REFUSALS,
  idParameter,
  idSchema,
  listSchema,
  one,
  orNull,
  READ_REFUSALS,
  refused,
  STRICT,
} from '../openapi-words.js';
import { DURATION_RULE, TIME_RULE } from '../times.js';
import { MAX_ITEMS } from './data.mapper.js';

const AT = '2026-01-18T00:00:00.000Z';
const POINT = {
  data_id: 'data-1',
  device_id: 'thermo-1',
  sensor_id: 'temp-1',
  timestamp: AT,
  value: 21.5,
  unit: '°C',
  quality: 'good',
  metadata: { firmware: '1.2' },
};
const BATCH = { items: [2, 3].map((n) => ({ ...POINT, data_id: `data-${n}`, value: 20 + n })) };
const ROW = { ...POINT, received_at: AT, seq: 17, namespace: 'production' };
const BUCKETS = { items: [{ bucket: AT, value: 21.5, count: 60 }] };

const VALUE: Schema = {
  anyOf: [{ type: 'number' }, { type: 'string' }, { type: 'boolean' }, openObject('Anything but a list')],
  description: 'A number, text, boolean or object',
};
const FIELDS = {
  data_id: idSchema('Chosen by whoever measures: the same id again is the same point'),
  device_id: idSchema('The device'),
  sensor_id: idSchema('The sensor'),
  timestamp: time('When it was measured'),
  value: VALUE,
  unit: orNull(text('Unit', { maxLength: 32 })),
  quality: words('Numbers out of the sensor’s range are bad', QUALITIES),
  metadata: openObject('At most 64 KiB'),
};
const ROW_FIELDS = {
  ...FIELDS,
  received_at: time('When it arrived'),
  seq: integer('Order of arrival, over all sensors', { minimum: 1 }),
  namespace: text('Whose it is'),
};
const NEW_POINT = object(
  'A point as it is reported.',
  {
    ...FIELDS,
    timestamp: { ...text(`${TIME_RULE}; absent: when it arrives`), type: ['string', 'integer'] },
  },
  ['data_id', 'device_id', 'sensor_id', 'value'],
);

export const DATA_SCHEMAS: Readonly<Record<string, Schema>> = {
  NewData: NEW_POINT,
  DataBatch: object('Many points.', { items: arrayOf(ref('NewData'), `1 to ${MAX_ITEMS}`) }, ['items']),
  Data: object('A point.', ROW_FIELDS, Object.keys(ROW_FIELDS)),
  DataList: listSchema('Data'),
  DataReport: object(
    'What became of the points.',
    {
      accepted: integer('Stored, durably'),
      duplicates: integer('Stored before under the same id'),
      rejected: arrayOf(
        object(
          'A point that was refused.',
          {
            index: integer('Its place in the report'),
            data_id: orNull(text('Its id')),
            code: text('As for a single one'),
            message: text('For people'),
          },
          ['index', 'data_id', 'code', 'message'],
        ),
        'Refused; send them again only after a change',
      ),
    },
    ['accepted', 'duplicates', 'rejected'],
  ),
  DataBuckets: object(
    'Points by time.',
    {
      items: arrayOf(
        object(
          'A stretch of time.',
          { bucket: time('Its first moment'), value: VALUE, count: integer('Points') },
          ['bucket', 'value', 'count'],
        ),
        'In order of time; those without points are left out',
      ),
    },
    ['items'],
  ),
  LatestData: object(
    'The latest point of each sensor.',
    { items: arrayOf(ref('Data'), 'By sensor id'), next_cursor: orNull(text('For the next page')) },
    ['items', 'next_cursor'],
  ),
};

const SOURCE = [
  queryParameter('device_id', 'Only of this device', text('Id')),
  queryParameter('sensor_id', 'Only of this sensor', text('Id')),
];
const QUALITY = queryParameter('quality', 'Only these', words('Quality', QUALITIES));
const LIMIT = queryParameter(
  'limit',
  'Size of the page',
  integer('Size', { minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE }),
);
const CURSOR = queryParameter('cursor', '`next_cursor` of the page before', text('Cursor'));

export const DATA_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /api/v1/data/report': {
    operationId: 'reportData',
    summary: 'Report data',
    description:
      'Needs the right `execute`. One point, or many as `items`, each for itself; they are on disk when it is answered. ' +
      'Safe to repeat: a point is told by its `data_id`.',
    parameters: [STRICT],
    requestBody: jsonBody(
      { anyOf: [ref('NewData'), ref('DataBatch')] },
      { one: { summary: 'One', value: POINT }, many: { summary: 'Many', value: BATCH } },
    ),
    responses: {
      200: answer('Taken', 'DataReport', { accepted: 1, duplicates: 0, rejected: [] }),
      ...refused(...BODY_REFUSALS, 'NOT_FOUND', 'CONFLICT'),
    },
  },
  'GET /api/v1/data': {
    operationId: 'listData',
    summary: 'Data by time, or what they come to',
    parameters: [
      ...SOURCE,
      QUALITY,
      queryParameter('from', 'The first moment that counts', text(TIME_RULE)),
      queryParameter('to', 'The first moment that does not count any more', text(TIME_RULE)),
      queryParameter(
        'order',
        'By time; rows begin with the newest, buckets with the oldest',
        words('Order', ['asc', 'desc']),
      ),
      queryParameter('agg', 'Instead of rows what they come to', words('Function', AGGREGATES)),
      queryParameter('bucket', 'For each such stretch of time; absent: for all', text(DURATION_RULE)),
      LIMIT,
      CURSOR,
    ],
    responses: {
      200: {
        ...answer('Rows, or buckets', 'DataList', {}),
        content: {
          'application/json': {
            schema: { anyOf: [ref('DataList'), ref('DataBuckets')] },
            examples: {
              rows: { summary: 'Rows', value: { items: [ROW], next_cursor: null, total: 1 } },
              buckets: { summary: '`?agg=avg&bucket=1m`', value: BUCKETS },
            },
          },
        },
      },
      ...refused(...READ_REFUSALS),
    },
  },
  'GET /api/v1/data/latest': {
    operationId: 'getLatestData',
    summary: 'The latest value of a sensor, or of each',
    description:
      'The latest by time of measurement; data that were held back on their way (`metadata.backfill`) do not count.',
    parameters: [...SOURCE, LIMIT, CURSOR],
    responses: {
      200: {
        ...answer('The row where device and sensor are named; else a page', 'Data', ROW),
        content: {
          'application/json': {
            schema: { anyOf: [ref('Data'), ref('LatestData')] },
            examples: {
              row: { summary: 'Device and sensor', value: ROW },
              page: { summary: 'Otherwise', value: { items: [ROW], next_cursor: null } },
            },
          },
        },
      },
      ...refused(...READ_REFUSALS, 'NOT_FOUND'),
    },
  },
  'GET /api/v1/data/stream': {
    operationId: 'watchData',
    summary: 'Data as they arrive (Server-Sent Events)',
    description: 'From now on, or after `Last-Event-ID`, without gap or repetition.',
    parameters: [
      ...SOURCE,
      QUALITY,
      headerParameter('Last-Event-ID', 'The `id` of the last event', text('A number')),
    ],
    responses: {
      200: {
        description: 'The events; `data` is a `Data`',
        content: {
          'text/event-stream': {
            schema: text('Events as lines `id:`, `event:`, `data:`'),
            examples: one('One', `id: 17\nevent: data\ndata: ${JSON.stringify(ROW)}\n\n`),
          },
        },
      },
      ...refused(...READ_REFUSALS),
    },
  },
  'GET /api/v1/data/{id}': {
    operationId: 'getData',
    summary: 'One point',
    parameters: [idParameter('The point', 'data-1')],
    responses: { 200: answer('It', 'Data', ROW), ...refused(...READ_REFUSALS, 'NOT_FOUND') },
  },
};
