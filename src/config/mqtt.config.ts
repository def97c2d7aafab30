import { port, secret } from './kinds.js';
import { host, url } from './net.kinds.js';
import { concern, optional, setting } from './setting.js';

/** The MQTT door: an embedded listener or an outside broker. */
export class MqttConfig extends concern('mqtt', {
  host: setting(host, '127.0.0.1', 'address of the embedded MQTT listener'),
  port: optional(port, 'embedded MQTT listener'),
  url: optional(secret(url('mqtt', 'mqtts', 'ws', 'wss')), 'outside broker instead of the embedded one'),
}) {}
