import type { ApiFragment } from '../../transport/openapi/fragment.js';
import { ROUTE_OPERATIONS, ROUTE_SCHEMAS } from './routes/routes.openapi.js';
import { DATA_OPERATIONS, DATA_SCHEMAS } from './telemetry/data.openapi.js';
import { CONTROL_ERROR } from './openapi-words.js';
import { RESOURCE_OPERATIONS, RESOURCE_SCHEMAS } from './resources/resources.openapi.js';

/** The control plane of seed 004, described. */
export const OODER_API: ApiFragment = {
  tag: {
    name: 'Control plane',
    description:
      'Spaces, zones, devices, sensors and their data, rules of routing (Ooder agent protocol V0.6). Ids may be chosen; what is written is durable when it ' +
      'is answered; versions are ETags.',
  },
  operations: { ...RESOURCE_OPERATIONS, ...DATA_OPERATIONS, ...ROUTE_OPERATIONS },
  schemas: { ControlError: CONTROL_ERROR, ...RESOURCE_SCHEMAS, ...DATA_SCHEMAS, ...ROUTE_SCHEMAS },
};
