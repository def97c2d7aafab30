import { duration } from './kinds.js';
import { concern, setting } from './setting.js';

/** How the gateway stops. */
export class ShutdownConfig extends concern('shutdown', {
  timeout: setting(duration(0), '10s', 'time for open requests and streams to end after SIGTERM'),
}) {}
