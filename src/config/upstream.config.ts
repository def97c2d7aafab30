import { secret, text } from './kinds.js';
import { url } from './net.kinds.js';
import { concern, optional } from './setting.js';

/** The parent of a route or end node. */
export class UpstreamConfig extends concern('upstream', {
  url: optional(secret(url('http', 'https', 'ws', 'wss')), 'parent of a route or end node'),
  token: optional(secret(text), 'what the parent is shown: a JWT with role `node`'),
}) {}
