import {
  DEVICE_STATUSES,
  RESOURCE_STATUSES,
  RESOURCE_TYPES,
  SENSOR_STATUSES,
} from '../../../core/resource.js';
import type { RecordSort, ResourceFilter, SensorFilter } from '../../../engine/resources/resource.store.js';
import type { ListWords } from '../list-query.js';

const BY_RECORD = { created_at: 'created_at', updated_at: 'updated_at', name: 'name', id: 'id' } as const;

export const RESOURCE_LIST: ListWords<ResourceFilter, RecordSort> = {
  filters: {
    type: { field: 'type', words: RESOURCE_TYPES },
    parent_id: { field: 'parent_id', orNone: true },
    status: { field: 'status', words: RESOURCE_STATUSES },
    name: { field: 'name' },
  },
  sorts: { ...BY_RECORD, type: 'type', status: 'status' },
};

export const DEVICE_LIST: ListWords<ResourceFilter, RecordSort> = {
  filters: {
    type: { field: 'device_type' },
    zone_id: { field: 'parent_id' },
    status: { field: 'device_status', words: DEVICE_STATUSES },
    name: { field: 'name' },
    agent_id: { field: 'agent_id', orNone: true },
  },
  sorts: { ...BY_RECORD, type: 'device_type', status: 'device_status' },
};

export const SENSOR_LIST: ListWords<SensorFilter, RecordSort> = {
  filters: {
    device_id: { field: 'device_id' },
    type: { field: 'type' },
    status: { field: 'status', words: SENSOR_STATUSES },
    name: { field: 'name' },
  },
  sorts: { ...BY_RECORD, type: 'type', status: 'status' },
};
