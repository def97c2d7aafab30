import type { TaskPushNotificationConfig } from '@a2a-js/sdk';
import { invalid } from '../../../core/errors.js';
import type { Follower } from '../../../core/follower.js';
import type { SecretBox } from '../../../core/secret-box.js';
import { checkOptionalName } from '../../../core/text.js';
import type { Dialect } from '../requests/checks.wire.js';

export const PUSH = 'push';
/** Before the id of a config in the id of its follower. */
const PREFIX = `${PUSH}:`;
const MAX_URL = 2_048;
const MAX_SECRET = 8_192;
/** RFC 9110 §5.6.2. */
const SCHEME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** What a header can carry. */
const VISIBLE = /^[\x20-\x7e]+$/;

/** What is kept of a push notification config. */
export interface KeptConfig {
  readonly url: string;
  /** Of the API that made it: its receiver is spoken to in that version. */
  readonly version: Dialect;
  readonly scheme?: string;
  /** Sealed. */
  readonly credentials?: string;
  /** Sealed. */
  readonly token?: string;
}

export const followerId = (configId: string): string => PREFIX + configId;
export const configId = ({ id }: Pick<Follower, 'id'>): string => id.slice(PREFIX.length);
export const keptConfig = ({ config }: Pick<Follower, 'config'>): KeptConfig =>
  JSON.parse(config) as KeptConfig;

/**
 * A config as it is kept.
 * @throws GatewayError INVALID; CONFLICT when it has secrets and none can be kept
 */
export function toKept(config: TaskPushNotificationConfig, version: Dialect, box: SecretBox): KeptConfig {
  const { url, token, authentication } = config;
  if (url.length > MAX_URL) throw invalid('url', `${url.length} characters`, `at most ${MAX_URL} characters`);
  const scheme = authentication?.scheme ?? '';
  const credentials = authentication?.credentials ?? '';
  if (authentication && !SCHEME.test(scheme))
    throw invalid('authentication.scheme', scheme, 'an HTTP authentication scheme such as Bearer');
  return {
    url,
    version,
    ...(scheme !== '' && { scheme }),
    ...(credentials !== '' && { credentials: box.seal(secret('authentication.credentials', credentials)) }),
    ...(token !== '' && { token: box.seal(secret('token', token)) }),
  };
}

/** No message holds any of it. */
function secret(field: string, value: string): string {
  if (value.length > MAX_SECRET || !VISIBLE.test(value))
    throw invalid(field, 'something else', `1 to ${MAX_SECRET} visible ASCII characters`);
  return value;
}

/** The id that a caller has given its config, checked. @throws GatewayError INVALID */
export const givenId = (id: string): string | undefined =>
  checkOptionalName('id', id === '' ? undefined : id);

/** A config as callers see it: without its secrets. */
export function shown(follower: Follower, tenant = ''): TaskPushNotificationConfig {
  const { url, scheme } = keptConfig(follower);
  return {
    tenant,
    id: configId(follower),
    taskId: follower.taskId,
    url,
    token: '',
    authentication: scheme === undefined ? undefined : { scheme, credentials: '' },
  };
}
