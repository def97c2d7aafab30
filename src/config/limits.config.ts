import { rate } from './kinds.js';
import { concern, optional } from './setting.js';

/** What one caller may ask for. */
export class LimitsConfig extends concern('limits', {
  rate: optional(rate, 'requests per caller, `N/s` or `N/m`; over it: 429 with Retry-After', {
    development: 'off',
    production: '100/s',
  }),
  namespaceRate: optional(
    rate,
    'requests of all callers of a namespace together, `N/s` or `N/m`; over it: 429',
  ),
  frameRate: optional(
    rate,
    'frames of one bot, `N/s` or `N/m`; a bot that sends more is read more slowly, nothing is lost',
    { development: 'off', production: '1000/s' },
  ),
}) {}
