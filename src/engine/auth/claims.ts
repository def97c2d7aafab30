import type { JWTPayload } from 'jose';
import { invalid } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, type Namespace } from '../../core/ids.js';
import type { Principal, Right } from '../../core/principal.js';
import { checkName } from '../../core/text.js';
import { refusing, unauthenticated } from './refusal.js';
import { DEFAULT_RIGHTS, rightsOf, scopeWords } from './rights.js';

/** The latest moment a Date can hold; an `exp` beyond it would overflow whoever sets a timer by it. */
const END_OF_TIME = 8.64e15;

/**
 * The caller that the claims of a verified token describe.
 * @param skewMs how long past `exp` the token is still taken
 * @throws GatewayError UNAUTHENTICATED when a claim is missing or malformed
 */
export function principalOf(claims: JWTPayload, issuer: string, now: number, skewMs: number): Principal {
  return refusing(unauthenticated, () => {
    const subject = checkName('token claim sub', claims.sub);
    const namespace = namespaceOf(claims['namespace']);
    const rights = rightsIn(claims);
    return {
      id: `token:${issuer}:${subject}`,
      namespace,
      rights,
      expiresAt: expiry(claims.exp, now, skewMs),
      grants: rights.has('execute') ? [{ namespace, name: '*' }] : [],
    };
  });
}

/** `exp`; or, while only the tolerated skew keeps the token alive, the end of that: what it opens is not cut at once. */
function expiry(exp: number | undefined, now: number, skewMs: number): number {
  const at = Math.min((exp ?? 0) * 1000, END_OF_TIME);
  return at > now ? at : at + skewMs;
}

function namespaceOf(claim: unknown): Namespace {
  if (claim === undefined) return DEFAULT_NAMESPACE;
  return namespaceName('token claim namespace', claim);
}

/**
 * A namespace named by a credential. `*` is no name: in a grant it stands for every namespace.
 * @throws GatewayError INVALID
 */
export function namespaceName(field: string, value: unknown): Namespace {
  const name = checkName(field, value);
  if (name === '*') throw invalid(field, name, 'the name of one namespace');
  return name as Namespace;
}

/** A claim that is present limits, even when it is empty: only a token with neither has the default rights. */
function rightsIn(claims: JWTPayload): ReadonlySet<Right> {
  const { scope, roles } = claims as { scope?: unknown; roles?: unknown };
  if (scope === undefined && roles === undefined) return DEFAULT_RIGHTS;
  return rightsOf([...words('scope', scope), ...words('roles', roles)]);
}

/** `scope` is a string of words, `roles` a list; issuers mix the two forms up, and both are unambiguous. */
function words(claim: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return scopeWords(value);
  if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  throw invalid(`token claim ${claim}`, value, 'a string of words or a list of strings');
}
