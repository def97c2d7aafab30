import { z } from 'zod';
import { RIGHTS } from '../core/principal.js';
import { age, boolean, list, oneOf, records, sharedSecret, text } from './kinds.js';
import { name } from './name.kind.js';
import { url } from './net.kinds.js';
import { concern, named, optional, setting } from './setting.js';

export const ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const;
/** Signature algorithm of a token. */
export type Algorithm = (typeof ALGORITHMS)[number];

/** A program that gets tokens from the gateway's own `POST /oauth/token`. */
export interface OAuthClient {
  readonly id: string;
  /** `scrypt$N$r$p$salt$hash` of its secret; the secret itself is nowhere. */
  readonly secretHash: string;
  readonly namespace: string;
  /** Rights of its tokens, separated by spaces. */
  readonly scope: string;
}

const isScope = (scope: string): boolean =>
  scope.split(' ').every((word) => RIGHTS.some((right) => right === word));

/** Its limits are judged where secrets are compared. */
const SECRET_HASH = /^scrypt\$\d+\$\d+\$\d+\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*$/;

const client = z
  .strictObject({
    id: name.schema,
    secret_hash: z.string().regex(SECRET_HASH),
    namespace: name.schema,
    scope: z.string().refine(isScope),
  })
  .transform(({ secret_hash: secretHash, ...rest }): OAuthClient => ({ ...rest, secretHash }));

const clients = records(
  client,
  `a list of {id, secret_hash, namespace, scope} (YAML list, or JSON in the variable); secret_hash: scrypt$N$r$p$salt$hash; scope: ${RIGHTS.join(', ')}, separated by spaces; each id once`,
);

const idsDiffer = (all: readonly OAuthClient[]): boolean =>
  new Set(all.map(({ id }) => id)).size === all.length;

/** Whatever the keys at hand can verify. */
const verifiable = ({ jwtSecret, jwksUrl }: Readonly<Record<string, unknown>>): Algorithm[] =>
  ALGORITHMS.filter((algorithm) => (algorithm === 'HS256' ? jwtSecret : jwksUrl) !== undefined);

/** Who may come in. */
export class AuthConfig extends concern('auth', {
  mode: setting(
    oneOf('off', 'jwt'),
    { development: 'off', production: 'jwt' },
    '`off` is refused unless every listener is on a loopback address or GATEWAY_AUTH_ALLOW_INSECURE=true',
  ),
  jwtSecret: optional(sharedSecret(32), 'HS256 secret, at least 32 bytes'),
  jwksUrl: optional(url('http', 'https'), 'RS256/ES256/EdDSA keys of an outside identity provider'),
  issuer: setting(text, 'gateway-auth', 'required `iss` of a token'),
  audience: optional(text, 'required `aud` of a token'),
  allowInsecure: setting(
    boolean,
    'false',
    'accepts `auth.mode` off where others can reach a listener, and in production',
  ),
  algorithms: setting(
    list(oneOf(...ALGORITHMS)),
    { shown: 'HS256 with a secret, RS256,ES256,EdDSA with a JWKS URL', from: verifiable },
    'accepted signature algorithms of tokens',
  ),
  clients: setting(
    { ...clients, schema: clients.schema.refine(idsDiffer) },
    'none',
    'clients of `POST /oauth/token`: list of {id, secret_hash, namespace, scope}; JSON in the variable',
  ),
  publicNamespaces: setting(list(name), 'none', 'namespaces that the public card shows while auth is on'),
  tokenTtl: setting(age, '1h', 'life of a token that the gateway issues'),
  spiffeTrustDomain: named(
    'trust_domain',
    optional(
      {
        schema: z.string().regex(/^[a-z0-9._-]{1,255}$/),
        allowed: 'a SPIFFE trust domain such as example.org',
      },
      'SPIFFE trust domain that bot certificates must belong to',
    ),
  ),
}) {}
