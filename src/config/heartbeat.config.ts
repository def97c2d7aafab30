import { duration } from './kinds.js';
import { concern, setting } from './setting.js';

/** How a bot that has gone is noticed. */
export class HeartbeatConfig extends concern('heartbeat', {
  interval: setting(duration(), '10s', 'ping period'),
  timeout: setting(duration(), '30s', 'silence after which a bot is removed; longer than the interval'),
}) {}
