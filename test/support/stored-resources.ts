import type { Namespace } from '../../src/core/ids.js';
import type { ResourceRecord, SensorRecord } from '../../src/core/resource.js';
import { PRODUCTION } from './records.js';

export const OTHER = 'other' as Namespace;
const AT = Date.UTC(2026, 0, 1);

/** A space at the root. */
export const aSpace = (change: Partial<ResourceRecord> = {}): ResourceRecord => ({
  namespace: PRODUCTION,
  id: 'space-1',
  type: 'space',
  name: 'Plant',
  description: 'The plant',
  properties: { a: { b: [1, null] } },
  metadata: { owner: 'x' },
  parentId: null,
  status: 'active',
  device: null,
  createdAt: AT,
  updatedAt: AT,
  version: 1,
  ...change,
});

export const aZone = (change: Partial<ResourceRecord> = {}): ResourceRecord =>
  aSpace({ id: 'zone-1', type: 'zone', parentId: 'space-1', ...change });

export const aDevice = (change: Partial<ResourceRecord> = {}): ResourceRecord =>
  aSpace({
    id: 'dev-1',
    type: 'device',
    parentId: 'zone-1',
    device: { type: 'thermostat', status: 'inactive', agentId: 'end-1', lastSeen: null },
    ...change,
  });

export const aSensor = (change: Partial<SensorRecord> = {}): SensorRecord => ({
  namespace: PRODUCTION,
  id: 'temp-1',
  deviceId: 'dev-1',
  name: 'Temperature',
  type: 'temperature',
  unit: '°C',
  rangeMin: -20.5,
  rangeMax: 60,
  precision: 0.1,
  status: 'active',
  staleAfter: null,
  retentionDays: null,
  retentionRows: null,
  createdAt: AT,
  updatedAt: AT,
  version: 1,
  ...change,
});
