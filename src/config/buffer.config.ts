import { age, diskSize } from './kinds.js';
import { concern, setting } from './setting.js';

/** The offline buffer of a route or end node. */
export class BufferConfig extends concern('buffer', {
  limit: setting(diskSize, '512mb', 'size of the offline buffer of a route or end node'),
  retention: setting(age, '7d', 'how long the offline buffer keeps an entry'),
}) {}
