import { Logger } from '@nestjs/common';
import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import type { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import type { OutgoingHttp } from '../../core/outgoing-http.js';

type Resolver = ReturnType<typeof createLocalJWKSet>;

/** However many tokens name unknown keys, and whether fetches succeed or not: one fetch in this time. */
const COOLDOWN = 30_000;
/** Keys are renewed in the background after this time, so that withdrawn ones go away. */
const FRESH_FOR = 10 * 60_000;
/** An identity provider that is away for less than this locks nobody out. */
const USABLE_FOR = 60 * 60_000;
const FETCH_TIMEOUT = 5_000;
const MAX_BYTES = 256 * 1024;

/**
 * The public keys of an identity provider (RFC 7517 key set at a URL).
 * jose's own remote key set limits fetches only after a successful one and reads the system's time, hence this.
 */
export class RemoteKeys {
  private readonly log = new Logger('Auth');
  private resolver: Resolver | undefined;
  private generation = 0;
  private loadedAt = -Infinity;
  private triedAt = -Infinity;
  private fetching: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private readonly outgoing: OutgoingHttp,
  ) {}

  /**
   * The key that a token's header asks for (a jose key resolver).
   * @throws JOSEError when no key or several fit; GatewayError UPSTREAM when the keys cannot be had
   */
  readonly find = async (header: JWSHeaderParameters, token: FlattenedJWSInput) => {
    const resolver = await this.usable();
    const generation = this.generation;
    try {
      return await resolver(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.renew();
      if (this.generation === generation || !this.resolver) throw error;
      return this.resolver(header, token);
    }
  };

  private async usable(): Promise<Resolver> {
    const age = this.clock.now() - this.loadedAt;
    if (age >= USABLE_FOR) await this.renew();
    else if (age >= FRESH_FOR) void this.renew();
    if (this.resolver && this.clock.now() - this.loadedAt < USABLE_FOR) return this.resolver;
    const retryAfterS = Math.max(1, Math.ceil((this.triedAt + COOLDOWN - this.clock.now()) / 1000));
    throw new GatewayError('UPSTREAM', 'the keys of the identity provider cannot be fetched', {
      retryAfterS,
    });
  }

  /** Fetches the keys unless that was tried a moment ago; callers at the same time share one fetch. Never rejects. */
  private renew(): Promise<void> {
    if (!this.fetching && this.clock.now() - this.triedAt < COOLDOWN) return Promise.resolve();
    this.fetching ??= this.load().finally(() => (this.fetching = undefined));
    return this.fetching;
  }

  private async load(): Promise<void> {
    this.triedAt = this.clock.now();
    try {
      this.resolver = createLocalJWKSet(await this.fetch());
      this.loadedAt = this.clock.now();
      this.generation++;
    } catch (error) {
      this.log.warn(`keys at ${new URL(this.url).origin} not fetched: ${reason(error)}`);
    }
  }

  /** One GET: total time and size bounded, redirects refused. */
  private async fetch(): Promise<JSONWebKeySet> {
    const { status, body } = await this.outgoing.request({
      url: this.url,
      purpose: 'jwks',
      headers: { accept: 'application/jwk-set+json, application/json' },
      timeoutMs: FETCH_TIMEOUT,
      maxBytes: MAX_BYTES,
    });
    if (status !== 200) throw new Error(`answered ${status}, wanted 200`);
    return JSON.parse(body) as JSONWebKeySet; // createLocalJWKSet checks the shape
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
