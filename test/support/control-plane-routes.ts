import type { Right } from '../../src/core/principal.js';
import { API } from './control-plane.js';
import type { Fields, Orchestrator } from './orchestrator.js';

/** The control plane's routes for the tenant matrix. */
interface RecordRoute {
  readonly right: Right;
  /** The record that it is about. */
  readonly recordId?: string;
  readonly body?: Fields;
  /** It answers with a stream that does not end. */
  readonly endless?: true;
  readonly own: number;
  readonly foreign: number;
}

/** What programs read of refusals by the guards. */
export const CONTROL_WORDS = { 401: '1002', 403: '3003' } as const;

const A_PLACE = { type: 'space', name: 'place' };
const A_DEVICE = { name: 'device', type: 'x', zone_id: 'zone-1' };
const A_SENSOR = { device_id: 'dev-1', name: 'sensor', type: 'x' };

const ROUTES: Readonly<Record<string, RecordRoute>> = {
  'POST /resources': { right: 'admin', body: { ...A_PLACE, resource_id: 'place-1' }, own: 200, foreign: 201 },
  'GET /resources': { right: 'read', own: 200, foreign: 200 },
  'GET /resources/:id': { right: 'read', recordId: 'zone-1', own: 200, foreign: 404 },
  'PUT /resources/:id': { right: 'admin', recordId: 'place-1', body: A_PLACE, own: 200, foreign: 200 },
  'PATCH /resources/:id': { right: 'admin', recordId: 'zone-1', body: {}, own: 200, foreign: 404 },
  'DELETE /resources/:id': { right: 'admin', recordId: 'zone-1', own: 409, foreign: 404 },
  'GET /resources/:id/children': { right: 'read', recordId: 'zone-1', own: 200, foreign: 404 },
  'GET /resources/:id/tree': { right: 'read', recordId: 'zone-1', own: 200, foreign: 404 },
  'POST /devices': { right: 'admin', body: { ...A_DEVICE, device_id: 'dev-1' }, own: 200, foreign: 400 },
  'GET /devices': { right: 'read', own: 200, foreign: 200 },
  'GET /devices/:id': { right: 'read', recordId: 'dev-1', own: 200, foreign: 404 },
  'PUT /devices/:id': { right: 'admin', recordId: 'dev-1', body: A_DEVICE, own: 200, foreign: 404 },
  'PATCH /devices/:id': { right: 'admin', recordId: 'dev-1', body: {}, own: 200, foreign: 404 },
  'DELETE /devices/:id': { right: 'admin', recordId: 'dev-1', own: 409, foreign: 404 },
  'GET /devices/:id/sensors': { right: 'read', recordId: 'dev-1', own: 200, foreign: 404 },
  'GET /devices/:id/twin': { right: 'read', recordId: 'dev-1', own: 200, foreign: 404 },
  'PATCH /devices/:id/twin/desired': {
    right: 'execute',
    recordId: 'dev-1',
    body: {},
    own: 200,
    foreign: 404,
  },
  'PATCH /devices/:id/twin/reported': {
    right: 'execute',
    recordId: 'dev-1',
    body: {},
    own: 200,
    foreign: 404,
  },
  'POST /sensors': { right: 'admin', body: { ...A_SENSOR, sensor_id: 'temp-1' }, own: 200, foreign: 404 },
  'GET /sensors': { right: 'read', own: 200, foreign: 200 },
  'GET /sensors/:id': { right: 'read', recordId: 'temp-1', own: 200, foreign: 404 },
  'PUT /sensors/:id': { right: 'admin', recordId: 'temp-1', body: A_SENSOR, own: 200, foreign: 404 },
  'PATCH /sensors/:id': { right: 'admin', recordId: 'temp-1', body: {}, own: 200, foreign: 404 },
  'DELETE /sensors/:id': { right: 'admin', recordId: 'temp-2', own: 204, foreign: 404 },
};

const SECRET = { description: 'secret-place' };
const A_ROUTE = {
  name: 'route',
  source: { agent_type: 'bot' },
  destination: { agent_type: '*', endpoints: [{ url: 'agent:center' }] },
};
const ROUTES_OF_ROUTING: Readonly<Record<string, RecordRoute>> = {
  'POST /routes': { right: 'admin', body: { ...A_ROUTE, route_id: 'route-1' }, own: 200, foreign: 201 },
  'GET /routes': { right: 'read', own: 200, foreign: 200 },
  'POST /routes/match': {
    right: 'read',
    body: { source_id: 'secret-agent', destination_id: 'center' },
    own: 200,
    foreign: 404,
  },
  'GET /routes/:id': { right: 'read', recordId: 'route-0', own: 200, foreign: 404 },
  'PUT /routes/:id': { right: 'admin', recordId: 'route-0', body: A_ROUTE, own: 200, foreign: 404 },
  'PATCH /routes/:id': { right: 'admin', recordId: 'route-0', body: {}, own: 200, foreign: 404 },
  'POST /routes/:id/enable': { right: 'admin', recordId: 'route-0', own: 200, foreign: 404 },
  'POST /routes/:id/disable': { right: 'admin', recordId: 'route-0', own: 200, foreign: 404 },
  'DELETE /routes/:id': { right: 'admin', recordId: 'route-2', own: 204, foreign: 404 },
};

const A_POINT = { data_id: 'point-1', device_id: 'dev-1', sensor_id: 'temp-1', timestamp: 1, value: 7 };
const ROUTES_OF_DATA: Readonly<Record<string, RecordRoute>> = {
  'POST /data/report': { right: 'execute', body: A_POINT, own: 200, foreign: 404 },
  'GET /data': { right: 'read', own: 200, foreign: 200 },
  'GET /data/latest': { right: 'read', own: 200, foreign: 200 },
  'GET /data/:id': { right: 'read', recordId: 'point-0', own: 200, foreign: 404 },
  'GET /data/stream': { right: 'read', endless: true, own: 200, foreign: 200 },
};

export const CONTROL_PLANE_ROUTES: Readonly<Record<string, RecordRoute>> = Object.fromEntries(
  Object.entries({ ...ROUTES, ...ROUTES_OF_ROUTING, ...ROUTES_OF_DATA }).map(([route, its]) => [
    route.replace(' ', ` ${API}`),
    its,
  ]),
);

/** The records of the owner; `secret-place` is in two of them. */
export async function makeOwnersRecords(owner: Orchestrator): Promise<void> {
  await owner.post(`${API}/resources`, { ...A_PLACE, resource_id: 'place-1' });
  const zone = { type: 'zone', name: 'secret-place', resource_id: 'zone-1', parent_id: 'place-1' };
  await owner.post(`${API}/resources`, zone);
  await owner.post(`${API}/devices`, { ...A_DEVICE, device_id: 'dev-1' });
  for (const sensor_id of ['temp-1', 'temp-2'])
    await owner.post(`${API}/sensors`, { ...A_SENSOR, sensor_id });
  await owner.request('PATCH', `${API}/devices/dev-1/twin/desired`, { key: 'secret-place' });
  for (const route_id of ['route-0', 'route-1', 'route-2'])
    await owner.post(`${API}/routes`, { ...A_ROUTE, route_id, ...(route_id !== 'route-1' && SECRET) });
  await owner.post(`${API}/data/report`, { ...A_POINT, data_id: 'point-0', value: 'secret-place' });
}
