import { secret } from './kinds.js';
import { url } from './net.kinds.js';
import { concern, optional } from './setting.js';

/** What joins several nodes into one gateway. */
export class RedisConfig extends concern('redis', {
  url: optional(secret(url('redis', 'rediss')), 'given: several nodes form one gateway'),
}) {}
