import { Injectable, Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { SecretBox } from '../../core/secret-box.js';
import type { MemberSecret } from '../../core/member.js';

const PREFIX = 'whsec_';
const NEW_BYTES = 32;
/** Secrets of one member that are valid at a time: the current one and those of the rotations before it. */
const MAX_SECRETS = 4;

/** Signing secrets of members: made, sealed for the storage, rotated with an overlap. */
@Injectable()
export class MemberSecrets {
  private readonly logger = new Logger('Members');

  constructor(
    private readonly clock: Clock,
    private readonly box: SecretBox,
  ) {}

  /** A new secret in the form of Standard Webhooks. */
  generate(): string {
    return PREFIX + randomBytes(NEW_BYTES).toString('base64');
  }

  /** Without a key for the storage (production, none configured) no secret is kept, so nothing is signed. */
  get canSeal(): boolean {
    try {
      this.box.seal('');
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'CONFLICT') return false;
      throw error;
    }
  }

  seal(secret: string): MemberSecret {
    return { sealed: this.box.seal(secret), until: null };
  }

  /** `secret` becomes the current one; those before it stay valid for `overlapMs` more at most. */
  rotate(before: readonly MemberSecret[], secret: string, overlapMs: number): readonly MemberSecret[] {
    const now = this.clock.now();
    const ends = now + overlapMs;
    const kept = before
      .map(({ sealed, until }) => ({ sealed, until: Math.min(until ?? ends, ends) }))
      .filter(({ until }) => until > now);
    return [this.seal(secret), ...kept].slice(0, MAX_SECRETS);
  }

  /** The secrets that are valid now, newest first, for signing. */
  open(secrets: readonly MemberSecret[]): readonly string[] {
    const now = this.clock.now();
    return secrets
      .filter(({ until }) => until === null || until > now)
      .flatMap(({ sealed }) => this.opened(sealed));
  }

  /** One that was sealed with a key that the gateway has no more is lost: the others, and a new one, still count. */
  private opened(sealed: string): string[] {
    try {
      return [this.box.open(sealed)];
    } catch (error) {
      this.logger.warn(`a signing secret cannot be opened: ${String(error)}`);
      return [];
    }
  }
}
