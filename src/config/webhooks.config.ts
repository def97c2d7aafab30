import { boolean, duration, list } from './kinds.js';
import { network } from './net.kinds.js';
import { concern, setting } from './setting.js';

const PRIVATE = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7';

/** Outgoing calls to webhook agents and callbacks. */
export class WebhooksConfig extends concern('webhooks', {
  timeout: setting(duration(), '10s', 'one delivery attempt'),
  strict200: setting(boolean, 'false', 'only a literal 200 counts as delivered'),
  heartbeatTimeout: setting(duration(), '60s', 'webhook agent without a heartbeat for this long is offline'),
  allowedNetworks: setting(
    list(network),
    { development: PRIVATE, production: 'none' },
    'CIDRs that outgoing URLs may reach besides public addresses; link-local and metadata addresses never',
  ),
}) {}
