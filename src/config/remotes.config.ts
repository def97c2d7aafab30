import { duration, integer, size } from './kinds.js';
import { url } from './net.kinds.js';
import { concern, optional, setting } from './setting.js';

/** Remote A2A agents, which are registered by the URL of their card. */
export class RemotesConfig extends concern('remotes', {
  timeout: setting(duration(), '30s', 'one call to a remote agent; of a stream: until it begins'),
  sendTimeout: setting(
    duration(),
    '10m',
    'the answer of an agent that neither streams nor answers at once: how long it is waited for',
  ),
  pollInterval: setting(
    duration(),
    '10s',
    'a remote task that has not been heard of for this long is asked after',
  ),
  retryMin: setting(
    duration(),
    '500ms',
    'first pause before a failed call is repeated; then twice as long, …',
  ),
  retryMax: setting(duration(), '30s', '… up to this'),
  sendAttempts: setting(
    integer(1, 100),
    '3',
    'how often a message is sent that has certainly not arrived (no connection, 429, 503)',
  ),
  failures: setting(
    integer(1, 1000),
    '3',
    'calls that fail in a row before the agent counts as offline; it is looked for until it is back',
  ),
  refresh: setting(duration(), '5m', 'how often the card is looked at again'),
  maxAnswer: setting(size, '16mb', 'largest answer of a remote agent'),
  cardKeys: optional(
    url('http', 'https'),
    'JWK set of the keys that you trust to sign cards; given: a card without such a signature is refused',
  ),
}) {}
