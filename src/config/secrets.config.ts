import { z } from 'zod';
import { type Kind, list, secret } from './kinds.js';
import { concern, setting } from './setting.js';

const KEY_BYTES = 32;
const isKey = (text: string): boolean =>
  /^[A-Za-z0-9+/]+=?=?$/.test(text) && Buffer.from(text, 'base64').length === KEY_BYTES;

const key: Kind<Buffer> = {
  schema: z
    .string()
    .refine(isKey)
    .transform((text) => Buffer.from(text, 'base64')),
  allowed: `${KEY_BYTES} bytes in base64, as \`openssl rand -base64 ${KEY_BYTES}\` makes them`,
};

/** How credentials that others have entrusted to the gateway are encrypted in its storage. */
export class SecretsConfig extends concern('secrets', {
  key: setting(
    secret(list(key)),
    'none',
    'AES-256 key of the credentials kept in the storage; several: the first encrypts, all decrypt. None: development makes one beside the database, production keeps no credentials',
  ),
}) {}
