import { boolean, list, oneOf, text } from './kinds.js';
import { uri } from './net.kinds.js';
import { concern, optional, setting } from './setting.js';

/** What the gateway offers to A2A's callers. */
export class A2aConfig extends concern('a2a', {
  signingKey: optional(text, 'file of the private key that signs agent cards: PEM (PKCS #8) or JWK'),
  cardVersion: setting(
    oneOf('both', '1.0', '0.3'),
    'both',
    'which fields cards have for readers that send no `A2A-Version`: of both versions beside each other, or of one for readers that take no others',
  ),
  streaming: setting(
    boolean,
    'true',
    'streams of events; off: cards do not offer them, and calls are refused',
  ),
  pushNotifications: setting(
    boolean,
    'true',
    'push notifications; off: cards do not offer them, and configs are refused',
  ),
  requiredExtensions: setting(
    list(uri),
    'none',
    'URIs of extensions that every 1.0 call must name in `A2A-Extensions`',
  ),
}) {}
