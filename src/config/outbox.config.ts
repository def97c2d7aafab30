import { age, duration, integer } from './kinds.js';
import { concern, setting } from './setting.js';

/** Deliveries: callbacks, push notifications, queued messages. */
export class OutboxConfig extends concern('outbox', {
  attempts: setting(integer(1, 1000), '16', 'tries of one delivery before it is a dead letter'),
  firstDelay: setting(duration(), '1s', 'pause after the first failed try; doubled after each further one'),
  maxDelay: setting(duration(), '1h', 'longest pause between two tries'),
  expiry: setting(age, '3d', 'a delivery that is older is a dead letter, however often it was tried'),
  concurrency: setting(integer(1, 1000), '8', 'tries at one endpoint at the same time'),
  maxConcurrency: setting(integer(1, 10_000), '256', 'tries at all endpoints together at the same time'),
}) {}
