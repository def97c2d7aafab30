import { excerpt, invalid } from '../../../core/errors.js';
import { isObject, type JsonObject } from '../../../core/json.js';

/** What the gateway shows a remote agent. Stored sealed, never returned. */
export type Credentials =
  | { readonly type: 'bearer'; readonly token: string }
  | {
      readonly type: 'api_key';
      readonly in: 'header' | 'query';
      readonly name: string;
      readonly key: string;
    }
  | {
      readonly type: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      /** Separated by spaces. */
      readonly scope?: string;
    }
  | { readonly type: 'mtls'; readonly cert: string; readonly key: string; readonly ca?: string };

const TYPES = 'bearer, api_key, oauth2, mtls';
const MAX_SECRET = 16 * 1024;
const MAX_PEM = 64 * 1024;

/** RFC 9110 §5.1: what a header may be called; those that the protocol itself needs are not for credentials. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const RESERVED = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'accept',
]);
/** What can stand in a header: no line ends, nothing beyond ASCII. */
const HEADER_VALUE = /^[\x20-\x7e]+$/;

/** `auth` of a registration. @throws GatewayError INVALID naming the field; never shows a value */
export function toCredentials(auth: unknown): Credentials | undefined {
  if (auth === undefined || auth === null) return undefined;
  if (!isObject(auth)) throw invalid('auth', typeof auth, `an object with type: ${TYPES}`);
  const { type } = auth;
  if (typeof type !== 'string' || !Object.hasOwn(READ, type)) throw invalid('auth.type', type, TYPES);
  return READ[type as Credentials['type']](auth);
}

const READ: Record<Credentials['type'], (auth: JsonObject) => Credentials> = {
  bearer: (auth) => ({ type: 'bearer', token: secret(auth, 'token') }),
  api_key: toApiKey,
  oauth2: toOAuth2,
  mtls: toMtls,
};

function toApiKey(auth: JsonObject): Credentials {
  const { in: place = 'header', name } = auth;
  if (place !== 'header' && place !== 'query') throw invalid('auth.in', place, 'header or query');
  if (typeof name !== 'string' || !HEADER_NAME.test(name) || RESERVED.has(name.toLowerCase()))
    throw invalid('auth.name', name, 'the name of the header or query parameter');
  return { type: 'api_key', in: place, name, key: secret(auth, 'key') };
}

function toOAuth2(auth: JsonObject): Credentials {
  const { token_url: tokenUrl, client_id: clientId, scope } = auth;
  if (typeof tokenUrl !== 'string')
    throw invalid('auth.token_url', tokenUrl, 'the URL of the token endpoint');
  if (typeof clientId !== 'string' || clientId === '')
    throw invalid('auth.client_id', clientId, 'a client id');
  if (scope !== undefined && (typeof scope !== 'string' || !HEADER_VALUE.test(scope)))
    throw invalid('auth.scope', scope, 'scopes separated by spaces');
  const clientSecret = secret(auth, 'client_secret');
  return { type: 'oauth2', tokenUrl, clientId, clientSecret, ...(scope !== undefined && { scope }) };
}

function toMtls(auth: JsonObject): Credentials {
  const ca = auth['ca'] === undefined ? undefined : pem(auth, 'ca', 'CERTIFICATE');
  return {
    type: 'mtls',
    cert: pem(auth, 'cert', 'CERTIFICATE'),
    key: pem(auth, 'key', 'PRIVATE KEY'),
    ...(ca !== undefined && { ca }),
  };
}

function secret(auth: JsonObject, field: string): string {
  const value = auth[field];
  if (typeof value === 'string' && value.length <= MAX_SECRET && HEADER_VALUE.test(value)) return value;
  throw invalid(
    `auth.${field}`,
    typeof value === 'string' ? 'a text that is not shown' : value,
    'printable ASCII characters',
  );
}

function pem(auth: JsonObject, field: string, label: string): string {
  const value = auth[field];
  const good = typeof value === 'string' && value.length <= MAX_PEM && value.includes(`${label}-----`);
  if (good) return value;
  throw invalid(`auth.${field}`, excerpt(typeof value), `a PEM text with a ${label}`);
}
