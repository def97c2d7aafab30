import {
  DEVICE_STATUSES,
  RESOURCE_STATUSES,
  RESOURCE_TYPES,
  SENSOR_STATUSES,
} from '../../../core/resource.js';
import {
  arrayOf,
  integer,
  jsonBody,
  object,
  openObject,
  ref,
  text,
  time,
  words,
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
  listParameters,
  listSchema,
  one,
  orNull,
  READ_REFUSALS,
  refused,
} from '../openapi-words.js';
import { DEVICE_LIST, RESOURCE_LIST, SENSOR_LIST } from './list-words.js';

const AT = '2026-01-18T00:00:00.000Z';
const VERSIONED = { created_at: AT, updated_at: AT, version: 1 };

const SPACE = { resource_id: 'plant-1', type: 'space', name: 'Plant 1' };
const ZONE = {
  resource_id: 'zone-123',
  type: 'zone',
  name: 'Hall A',
  description: 'Ground floor',
  properties: { area_m2: 420 },
  parent_id: 'plant-1',
  metadata: { owner: 'facility' },
};
const NEW_DEVICE = {
  device_id: 'thermo-1',
  name: 'Thermostat',
  type: 'thermostat',
  zone_id: 'zone-123',
  properties: { vendor: 'acme' },
};
const NEW_SENSOR = {
  sensor_id: 'temp-1',
  device_id: 'thermo-1',
  name: 'Temperature',
  type: 'temperature',
  unit: '°C',
  range_min: -20,
  range_max: 60,
  precision: 0.1,
};
const RESOURCE = {
  description: null,
  properties: {},
  parent_id: null,
  metadata: {},
  status: 'active',
  ...VERSIONED,
};
const DEVICE = {
  ...{ description: null, metadata: {}, last_seen: null, agent_id: null, status: 'inactive' },
  ...NEW_DEVICE,
  ...VERSIONED,
};
const SENSOR = {
  ...{ status: 'active', stale_after: null, retention_days: null, retention_rows: null },
  ...NEW_SENSOR,
  ...VERSIONED,
};
const TWIN = {
  device_id: 'thermo-1',
  desired: { t: 20, mode: 'heat' },
  reported: { t: 18, mode: 'heat' },
  delta: { t: 20 },
  version: 2,
  updated_at: AT,
};

const VERSION_FIELDS = {
  created_at: time('When'),
  updated_at: time('When it was changed last'),
  version: integer('One more at each change; the ETag', { minimum: 0 }),
};
const NAME = text('1 to 255 characters', { minLength: 1, maxLength: 255 });
const DESCRIPTION = orNull(text('For people', { maxLength: 1024 }));
const JSON_COLUMN = openObject('At most 64 KiB');

const NEW_RESOURCE_FIELDS = {
  resource_id: idSchema('Chosen by the caller, or made'),
  type: words('Type', RESOURCE_TYPES),
  name: NAME,
  description: DESCRIPTION,
  properties: JSON_COLUMN,
  parent_id: orNull(
    idSchema('A space stands under none or a space, a zone under a space or zone, a device under a zone'),
  ),
  metadata: JSON_COLUMN,
  status: words('Status', RESOURCE_STATUSES),
};
const NEW_DEVICE_FIELDS = {
  device_id: idSchema('Chosen by the caller, or made'),
  name: NAME,
  description: DESCRIPTION,
  type: text('What kind of device', { minLength: 1, maxLength: 64 }),
  status: words('Status; only steps of its state machine are taken', DEVICE_STATUSES),
  properties: JSON_COLUMN,
  zone_id: idSchema('The zone that it stands in'),
  agent_id: orNull(text('The agent that its commands go to')),
  metadata: JSON_COLUMN,
};
const NEW_SENSOR_FIELDS = {
  sensor_id: idSchema('Chosen by the caller, or made'),
  device_id: idSchema('Its device'),
  name: NAME,
  type: text('What it measures', { minLength: 1, maxLength: 64 }),
  unit: orNull(text('Unit', { maxLength: 32 })),
  range_min: orNull({ type: 'number', description: 'Numbers below are stored with quality `bad`' }),
  range_max: orNull({ type: 'number', description: 'Numbers above are stored with quality `bad`' }),
  precision: orNull({ type: 'number', exclusiveMinimum: 0, description: 'Of the measurement' }),
  status: words('Status', SENSOR_STATUSES),
  stale_after: orNull(integer('Milliseconds without data after which it is `inactive`', { minimum: 1000 })),
  retention_days: orNull(integer('Days that its data are kept; null: as configured', { minimum: 1 })),
  retention_rows: orNull(integer('How many of its newest data are kept; null: all', { minimum: 1 })),
};

const shown = (
  what: string,
  fields: Readonly<Record<string, Schema>>,
  more: Readonly<Record<string, Schema>> = {},
) => {
  const all = { ...fields, ...more, ...VERSION_FIELDS };
  return object(what, all, Object.keys(all));
};

const TREE: Schema = (() => {
  const fields = {
    ...NEW_RESOURCE_FIELDS,
    ...VERSION_FIELDS,
    children: arrayOf(ref('ResourceTree'), 'Below it'),
  };
  return object('A resource with all that stands below it.', fields, Object.keys(fields));
})();

export const RESOURCE_SCHEMAS: Readonly<Record<string, Schema>> = {
  NewResource: object('A space, a zone or a device to be created.', NEW_RESOURCE_FIELDS, ['type', 'name']),
  Resource: shown('A space, a zone or a device.', NEW_RESOURCE_FIELDS),
  ResourceList: listSchema('Resource'),
  ResourceTree: TREE,
  NewDevice: object('A device to be created.', NEW_DEVICE_FIELDS, ['name', 'type', 'zone_id']),
  Device: shown('A device.', NEW_DEVICE_FIELDS, { last_seen: orNull(time('When data of it came last')) }),
  DeviceList: listSchema('Device'),
  NewSensor: object('A sensor to be created.', NEW_SENSOR_FIELDS, ['device_id', 'name', 'type']),
  Sensor: shown('A sensor.', NEW_SENSOR_FIELDS),
  SensorList: listSchema('Sensor'),
  MergePatch: openObject('Fields to change (RFC 7396): objects are merged, null removes'),
  Twin: object(
    'What a device should be, and what it says it is.',
    {
      device_id: idSchema('The device'),
      desired: openObject('What it should be'),
      reported: openObject('What it says it is'),
      delta: openObject('The desired fields that are not reported so'),
      version: VERSION_FIELDS.version,
      updated_at: VERSION_FIELDS.updated_at,
    },
    ['device_id', 'desired', 'reported', 'delta', 'version', 'updated_at'],
  ),
};

const zone = idParameter('The resource', 'zone-123');
const thermostat = idParameter('The device', 'thermo-1');
const zoneWire = { ...RESOURCE, ...ZONE };

const TWIN_PATCH = (half: 'desired' | 'reported', who: string): Operation => ({
  operationId: `patchTwin${half === 'desired' ? 'Desired' : 'Reported'}`,
  summary: `Change the ${half} half of a device’s twin (${who})`,
  description: 'Needs the right `execute`. One version for both halves.',
  parameters: [thermostat, IF_MATCH],
  requestBody: jsonBody(ref('MergePatch'), one('A field', { t: 20 })),
  responses: { 200: answer('The twin', 'Twin', TWIN), ...refused(...BODY_REFUSALS, 'NOT_FOUND', 'CONFLICT') },
});

export const RESOURCE_OPERATIONS: Readonly<Record<string, Operation>> = {
  ...crud({
    path: '/api/v1/resources',
    name: 'Resource',
    words: RESOURCE_LIST,
    created: { space: { summary: 'A space', value: SPACE }, zone: { summary: 'A zone in it', value: ZONE } },
    whole: ZONE,
    patch: { properties: { floor: 0 } },
    record: zoneWire,
    id: 'zone-123',
    cascades: true,
  }),
  'GET /api/v1/resources/{id}/children': {
    operationId: 'listChildren',
    summary: 'What stands directly below a resource',
    parameters: [zone, ...listParameters(RESOURCE_LIST)],
    responses: {
      200: answer('A page', 'ResourceList', { items: [zoneWire], next_cursor: null, total: 1 }),
      ...refused(...READ_REFUSALS, 'NOT_FOUND'),
    },
  },
  'GET /api/v1/resources/{id}/tree': {
    operationId: 'getTree',
    summary: 'A resource with all that stands below it',
    parameters: [zone],
    responses: {
      200: answer('The tree', 'ResourceTree', { ...zoneWire, children: [] }),
      ...refused(...READ_REFUSALS, 'NOT_FOUND'),
    },
  },
  ...crud({
    path: '/api/v1/devices',
    name: 'Device',
    words: DEVICE_LIST,
    created: one('A thermostat', NEW_DEVICE),
    whole: NEW_DEVICE,
    patch: { status: 'online' },
    record: DEVICE,
    id: 'thermo-1',
    cascades: true,
  }),
  'GET /api/v1/devices/{id}/sensors': {
    operationId: 'listSensorsOfDevice',
    summary: 'The sensors of a device',
    parameters: [thermostat, ...listParameters(SENSOR_LIST)],
    responses: {
      200: answer('A page', 'SensorList', { items: [SENSOR], next_cursor: null, total: 1 }),
      ...refused(...READ_REFUSALS, 'NOT_FOUND'),
    },
  },
  'GET /api/v1/devices/{id}/twin': {
    operationId: 'getTwin',
    summary: 'The twin of a device',
    parameters: [thermostat],
    responses: { 200: answer('The twin', 'Twin', TWIN), ...refused(...READ_REFUSALS, 'NOT_FOUND') },
  },
  'PATCH /api/v1/devices/{id}/twin/desired': TWIN_PATCH('desired', 'callers'),
  'PATCH /api/v1/devices/{id}/twin/reported': TWIN_PATCH('reported', 'its agent'),
  ...crud({
    path: '/api/v1/sensors',
    name: 'Sensor',
    words: SENSOR_LIST,
    created: one('A temperature', NEW_SENSOR),
    whole: NEW_SENSOR,
    patch: { range_max: 80 },
    record: SENSOR,
    id: 'temp-1',
    belongs: true,
  }),
};
