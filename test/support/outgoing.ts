import type { Clock } from '../../src/core/clock.js';
import { SafeOutgoingHttp } from '../../src/transport/outgoing/safe-outgoing-http.js';

/** The door for outgoing calls; only to this machine, unless a test allows more. */
export const anOutgoing = (clock: Clock, allowed = ['127.0.0.0/8', '::1']): SafeOutgoingHttp =>
  new SafeOutgoingHttp(clock, allowed);
