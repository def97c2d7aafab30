import { boolean, duration, integer, list } from './kinds.js';
import { network } from './net.kinds.js';
import { concern, setting } from './setting.js';

const PRIVATE = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7';

/** Outgoing calls to webhook agents and callbacks. */
export class WebhooksConfig extends concern('webhooks', {
  timeout: setting(duration(), '10s', 'one delivery attempt'),
  strict200: setting(boolean, 'false', 'only a literal 200 counts as delivered'),
  heartbeatTimeout: setting(duration(), '60s', 'webhook agent without a heartbeat for this long is offline'),
  inboxLease: setting(
    duration(),
    '60s',
    'what a pulling agent is handed belongs to it for this long; unacknowledged, it goes to whoever asks next',
  ),
  inboxLimit: setting(
    integer(1, 1_000_000),
    '10000',
    'messages that wait for one pulling agent; over it: 503 with Retry-After',
  ),
  allowedNetworks: setting(
    list(network),
    { development: PRIVATE, production: 'none' },
    'CIDRs that outgoing URLs may reach besides public addresses; link-local and metadata addresses never',
  ),
}) {}
