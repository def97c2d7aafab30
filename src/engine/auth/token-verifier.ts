import { createSecretKey, hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTVerifyGetKey,
  type ProtectedHeaderParameters,
} from 'jose';
import QuickLRU from 'quick-lru';
import { AuthConfig } from '../../config/auth.config.js';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { OutgoingHttp } from '../../core/outgoing-http.js';
import type { Principal } from '../../core/principal.js';
import { principalOf } from './claims.js';
import { RemoteKeys } from './jwks.js';
import { unauthenticated } from './refusal.js';

/** Difference of clocks between issuer and gateway that is tolerated, seconds. */
const CLOCK_TOLERANCE_S = 60;
const MAX_TOKEN_LENGTH = 8 * 1024;
const CACHED_TOKENS = 10_000;
/** A cached token is looked at again after this time, so that a withdrawn key stops counting. */
const CACHED_FOR = 60_000;

const SHARED_SECRET = ['HS256'];
const PUBLIC_KEY = ['RS256', 'ES256', 'EdDSA'];
/** Headers that bring or name a key of the sender's choice, or change the meaning of the token. */
const REFUSED_HEADERS = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'b64', 'zip'];

interface Verified {
  readonly principal: Principal;
  readonly until: number;
}

/**
 * Verifies access tokens (RFC 7519, RFC 8725). Which keys and algorithms count is fixed by the configuration;
 * the token's header only picks among them: HS256 meets the shared secret and nothing else, the others the key set.
 */
@Injectable()
export class TokenVerifier {
  private readonly keys: ReadonlyMap<string, JWTVerifyGetKey>;
  private readonly verified = new QuickLRU<string, Verified>({ maxSize: CACHED_TOKENS });

  constructor(
    private readonly config: AuthConfig,
    private readonly clock: Clock,
    outgoing: OutgoingHttp,
  ) {
    this.keys = keysByAlgorithm(config, (url) => new RemoteKeys(url, clock, outgoing));
  }

  /**
   * The caller that a token speaks for.
   * @throws GatewayError UNAUTHENTICATED when the token is not to be trusted, UPSTREAM when its key cannot be fetched
   */
  async verify(token: string): Promise<Principal> {
    if (token.length > MAX_TOKEN_LENGTH)
      throw unauthenticated(`token: longer than ${MAX_TOKEN_LENGTH} characters`);
    const cacheKey = hash('sha256', token, 'base64');
    const known = this.verified.get(cacheKey);
    if (known && this.clock.now() < known.until) return known.principal;
    const principal = await this.check(token);
    const until = Math.min(principal.expiresAt ?? 0, this.clock.now() + CACHED_FOR);
    this.verified.set(cacheKey, { principal, until });
    return principal;
  }

  private async check(token: string): Promise<Principal> {
    try {
      const algorithm = acceptableAlgorithm(token);
      const claims = await this.verifySignature(token, algorithm);
      return principalOf(claims, this.config.issuer, this.clock.now(), CLOCK_TOLERANCE_S * 1000);
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw unauthenticated(`token: ${explain(error)}`, error);
    }
  }

  private async verifySignature(token: string, algorithm: string) {
    const key = this.keys.get(algorithm);
    if (!key)
      throw unauthenticated(`token: algorithm not accepted, allowed: ${[...this.keys.keys()].join(', ')}`);
    const options = {
      algorithms: [algorithm],
      issuer: this.config.issuer,
      ...(this.config.audience !== undefined && { audience: this.config.audience }),
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(this.clock.now()),
    };
    return (await jwtVerify(token, key, options)).payload;
  }
}

function keysByAlgorithm(
  config: AuthConfig,
  remoteKeys: (url: string) => RemoteKeys,
): Map<string, JWTVerifyGetKey> {
  const allowed = (algorithm: string) =>
    !config.algorithms || config.algorithms.some((one) => one === algorithm);
  const keys = new Map<string, JWTVerifyGetKey>();
  if (config.jwtSecret !== undefined) {
    const secret = createSecretKey(config.jwtSecret, 'utf8');
    for (const algorithm of SHARED_SECRET.filter(allowed)) keys.set(algorithm, () => secret);
  }
  if (config.jwksUrl !== undefined) {
    const remote = remoteKeys(config.jwksUrl);
    for (const algorithm of PUBLIC_KEY.filter(allowed)) keys.set(algorithm, remote.find);
  }
  return keys;
}

function acceptableAlgorithm(token: string): string {
  const header: ProtectedHeaderParameters = decodeProtectedHeader(token);
  for (const name of REFUSED_HEADERS)
    if (Object.hasOwn(header, name)) throw unauthenticated(`token: header ${name} is not accepted`);
  return typeof header.alg === 'string' ? header.alg : '';
}

/** What jose found, in words for the caller; nothing of the token itself. */
function explain(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `claim ${error.claim} ${claimProblem(error.reason)}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'wrong signature';
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'several keys fit, header kid is needed';
  return 'malformed';
}

function claimProblem(reason: string): string {
  return reason === 'missing' ? 'is missing' : 'has a value that is not accepted';
}
