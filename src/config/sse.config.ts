import { duration } from './kinds.js';
import { concern, setting } from './setting.js';

/** Event streams. */
export class SseConfig extends concern('sse', {
  keepalive: setting(duration(), '15s', 'comment line on an idle stream'),
}) {}
