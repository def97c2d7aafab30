import { boolean } from './kinds.js';
import { concern, setting } from './setting.js';

/** Habits of other implementations, followed only on demand. */
export class CompatConfig extends concern('compat', {
  adkLenientCancel: setting(boolean, 'false', 'adk’s cancel of unknown and finished tasks succeeds'),
}) {}
