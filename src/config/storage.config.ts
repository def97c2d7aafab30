import { age } from './kinds.js';
import { storageUrl } from './net.kinds.js';
import { concern, setting } from './setting.js';

/** Where tasks and their logs are kept. */
export class StorageConfig extends concern('storage', {
  url: setting(storageUrl, 'sqlite:./data/gateway.db', 'also `sqlite::memory:` and `postgres://…`'),
  retention: setting(age, '7d', 'ended tasks and messages are kept this long'),
  dataRetention: setting(age, '30d', 'data of sensors are kept this long, unless the sensor says otherwise'),
}) {}
