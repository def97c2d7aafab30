import { invalid } from '../../core/errors.js';
import { unauthenticated } from './refusal.js';

/** RFC 6750 §2.1. The scheme is case-insensitive (RFC 9110 §11.1). */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/**
 * The token of an Authorization header.
 * @throws GatewayError UNAUTHENTICATED when there is none, or another scheme
 */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '')
    throw unauthenticated('Authorization: got nothing, allowed: Bearer <token>');
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined)
    throw unauthenticated('Authorization: got another scheme or a malformed token, allowed: Bearer <token>');
  return token;
}

const TOKEN_PARAMETERS = ['access_token', 'token'];

/**
 * Tokens in a query string end up in logs, histories and Referer headers (RFC 6750 §2.3), so they are refused, not used.
 * @param url path and query of the request
 * @throws GatewayError INVALID naming the parameter, never its value
 */
export function refuseTokenInQuery(url: string): void {
  const start = url.indexOf('?');
  if (start < 0) return;
  const query = new URLSearchParams(url.slice(start + 1));
  for (const name of TOKEN_PARAMETERS)
    if (query.has(name)) throw invalid(name, '(hidden)', 'a token in the Authorization header only');
}
