import { rate } from './kinds.js';
import { concern, optional } from './setting.js';

/** What one caller may ask for. */
export class LimitsConfig extends concern('limits', {
  rate: optional(rate, 'requests per caller, `N/s` or `N/m`; over it: 429 with Retry-After', {
    development: 'off',
    production: '100/s',
  }),
}) {}
