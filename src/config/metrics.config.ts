import { sharedSecret } from './kinds.js';
import { concern, optional } from './setting.js';

/** What Prometheus may read. */
export class MetricsConfig extends concern('metrics', {
  token: optional(
    sharedSecret(16),
    'bearer token that opens `/metrics`; with auth on there is no other way to it',
  ),
}) {}
