import { duration, port, size, text } from './kinds.js';
import { corsOrigins, host, trustedProxies } from './net.kinds.js';
import { concern, optional, setting } from './setting.js';

/** The listener for orchestrators. */
export class HttpConfig extends concern('http', {
  host: setting(host, '127.0.0.1', 'address of the orchestrator listener'),
  port: setting(port, '8443', 'port of the orchestrator listener'),
  tlsCert: optional(text, 'PEM file of the certificate chain; given: https'),
  tlsKey: optional(text, 'PEM file of the private key'),
  bodyLimit: setting(size, '10mb', 'largest request body; over it: 413'),
  requestTimeout: setting(duration(), '30s', 'time to response headers'),
  corsOrigins: setting(
    corsOrigins,
    { development: '*', production: 'none' },
    'origins that browsers may call from',
  ),
  trustProxy: setting(trustedProxies, 'off', 'hops or CIDRs whose X-Forwarded-For counts'),
}) {}
