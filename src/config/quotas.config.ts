import { integer } from './kinds.js';
import { concern, optional } from './setting.js';

const count = integer(1, 10_000_000);

/** What a namespace may have at once. */
export class QuotasConfig extends concern('quotas', {
  tasks: optional(
    count,
    'open tasks of a namespace; over it: 429 with Retry-After, before anything is acknowledged',
  ),
  agents: optional(count, 'agents of a namespace that are online; one more is refused'),
  streams: optional(count, 'open event streams of a namespace; over it: 429 with Retry-After'),
}) {}
