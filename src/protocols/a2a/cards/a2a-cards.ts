import { Injectable } from '@nestjs/common';
import type { AgentCard } from '@a2a-js/sdk';
import { createHash } from 'node:crypto';
import { A2aConfig } from '../../../config/a2a.config.js';
import { AuthConfig } from '../../../config/auth.config.js';
import { PublicUrl } from '../../../config/public-url.js';
import type { AgentView } from '../../../core/agent.js';
import { Clock } from '../../../core/clock.js';
import { GatewayError } from '../../../core/errors.js';
import { ANONYMOUS, type Principal } from '../../../core/principal.js';
import { Policy } from '../../../engine/auth/policy.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import type { Target } from '../handler/target.js';
import type { Sdk } from '../sdk.js';
import { cardSecurity } from './card-security.js';
import { asVersion, type CardVersion } from './card-version.js';
import { CardSigner } from './card-signer.js';
import { subjectOf } from './card-subjects.js';
import { GrpcAddress } from './grpc-address.js';
import { hybridCard, type CardFacts, type CardWire } from './hybrid-card.js';

/** A card ready to be sent, as it has been since a moment. */
export interface ShownCard {
  readonly text: string;
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

const MAX_SHOWN = 1_000;

/** The cards of the gateway, of each skill and of each agent: the public ones, and those for callers with a credential. */
@Injectable()
export class A2aCards {
  private readonly shown = new Map<string, ShownCard>();

  constructor(
    private readonly config: A2aConfig,
    private readonly auth: AuthConfig,
    private readonly publicUrl: PublicUrl,
    private readonly grpc: GrpcAddress,
    private readonly registry: RegistryService,
    private readonly policy: Policy,
    private readonly signer: CardSigner,
    private readonly clock: Clock,
  ) {}

  /** Whether callers with a credential get a card of their own: where none is asked for, the public one shows all. */
  get extended(): boolean {
    return this.auth.mode !== 'off';
  }

  /**
   * What everybody sees; with auth on only what the configuration marks public.
   * @param asked the reader's `A2A-Version`, if it is one that is served
   * @param plain without objects among the extensions, which clients of the adk family cannot read
   * @throws GatewayError AGENT_NOT_FOUND
   */
  async published(target: Target, asked: CardVersion | undefined, plain: boolean): Promise<ShownCard> {
    const version = asked ?? this.config.cardVersion;
    const views = this.registry.list(ANONYMOUS).filter(({ namespace }) => this.policy.isPublic(namespace));
    const card = this.card(target, views);
    if (plain) delete (card['capabilities'] as { extensions?: unknown }).extensions;
    const shown = asVersion(card, version);
    const text = JSON.stringify(shown);
    // Another key makes another signature: who has the card of the key before must fetch it anew.
    const kid = version === '0.3' ? '' : await this.signer.kid();
    const etag = `"${createHash('sha256').update(kid).update(text).digest('base64url').slice(0, 22)}"`;
    const key = `${version} ${plain} ${String(card['url'])}`;
    const before = this.shown.get(key);
    if (before?.etag === etag) return before;
    // The signature is 1.0's, over 1.0's fields.
    const signed = JSON.stringify(version === '0.3' ? shown : await this.signer.signed(shown));
    if (this.shown.size >= MAX_SHOWN) this.shown.clear();
    const now = { text: signed, etag, since: this.clock.now() };
    this.shown.set(key, now);
    return now;
  }

  /** What this caller sees: every agent and skill of his. @throws GatewayError AGENT_NOT_FOUND */
  extendedCard(target: Target, caller: Principal): Promise<CardWire> {
    const { namespace } = target;
    const views = this.registry
      .list(caller)
      .filter((view) => namespace === undefined || view.namespace === namespace);
    return this.signer.signed(this.card(target, views));
  }

  /** {@link extendedCard} for the SDK's codecs. */
  async extendedAgentCard({ core }: Sdk, target: Target, caller: Principal): Promise<AgentCard> {
    return core.AgentCard.fromJSON(await this.extendedCard(target, caller));
  }

  private card(target: Target, views: readonly AgentView[]): Record<string, unknown> {
    const subject = subjectOf(target, views);
    if (!subject) throw new GatewayError('AGENT_NOT_FOUND', 'there is no such agent');
    return { ...hybridCard(subject, this.facts()) };
  }

  private facts(): CardFacts {
    const { base } = this.publicUrl;
    const { streaming, pushNotifications, requiredExtensions } = this.config;
    return {
      base,
      grpc: this.grpc.shown,
      security: cardSecurity(this.auth, base),
      streaming,
      pushNotifications,
      requiredExtensions,
      extended: this.extended,
    };
  }
}
