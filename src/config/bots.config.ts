import { duration, port, size, text } from './kinds.js';
import { host } from './net.kinds.js';
import { concern, optional, setting } from './setting.js';

/** The listener that bots dial (WebSocket `/agent/register`, `/health`). */
export class BotsConfig extends concern('bots', {
  host: setting(host, '127.0.0.1', 'address of the bot listener'),
  port: setting(port, '8080', 'port of the bot listener'),
  tlsCert: optional(text, 'PEM file of the certificate chain; given: wss'),
  tlsKey: optional(text, 'PEM file of the private key'),
  tlsCa: optional(text, 'PEM file of the bots’ CA; given: a client certificate is required (mTLS)'),
  tlsCrl: optional(text, 'PEM file of the CA’s revocation list'),
  registerTimeout: setting(duration(), '10s', 'a socket that has not registered by then is closed (1008)'),
  maxFrame: setting(size, '1mb', 'larger frame: close 1009'),
}) {}
