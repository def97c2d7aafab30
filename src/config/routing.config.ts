import { oneOf } from './kinds.js';
import { concern, setting } from './setting.js';

/** How an agent is chosen. */
export class RoutingConfig extends concern('routing', {
  strategy: setting(
    oneOf('least_load', 'round_robin', 'affinity'),
    'least_load',
    '`least_load`, `round_robin` or `affinity`',
  ),
}) {}
