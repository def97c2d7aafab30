import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { createHash } from 'node:crypto';
import { PublicUrl } from '../../../config/public-url.js';
import type { AgentView } from '../../../core/agent.js';
import { Clock } from '../../../core/clock.js';
import { GatewayError } from '../../../core/errors.js';
import { ANONYMOUS } from '../../../core/principal.js';
import { AuthService } from '../../../engine/auth/auth.service.js';
import { Public } from '../../../engine/auth/oauth2.guard.js';
import { Policy } from '../../../engine/auth/policy.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import {
  agentSubject,
  distinct,
  gatewaySubject,
  hybridCard,
  skillSubject,
  type CardSubject,
} from './cards.js';

/** Remembered per address: since when its card is as it is. */
interface Seen {
  readonly etag: string;
  readonly since: number;
}
const MAX_SEEN = 1_000;

/**
 * Agent cards: of the gateway, of each skill, of each agent (A2A 1.0 §8.2). Public; with auth on they show only what the
 * configuration marks public. Cacheable by ETag, since they change whenever an agent comes or goes.
 */
@Controller()
@Public()
export class A2aCardsController {
  private readonly seen = new Map<string, Seen>();

  constructor(
    private readonly publicUrl: PublicUrl,
    private readonly registry: RegistryService,
    private readonly policy: Policy,
    private readonly auth: AuthService,
    private readonly clock: Clock,
  ) {}

  @Get('.well-known/agent-card.json')
  gateway(@Req() req: Request, @Res() res: Response): void {
    this.send(req, res, gatewaySubject(this.visible(), this.publicUrl.base, this.auth.enabled));
  }

  @Get(['a2a/skills/:skill/.well-known/agent-card.json', 'a2a/skills/:skill/.well-known/agent.json'])
  skill(@Param('skill') id: string, @Req() req: Request, @Res() res: Response): void {
    const skill = distinct(this.visible()).find((one) => one.id === id);
    this.send(req, res, skill && skillSubject(skill, this.publicUrl.base, this.auth.enabled));
  }

  @Get(['a2a/agents/:agent/.well-known/agent-card.json', 'a2a/agents/:agent/.well-known/agent.json'])
  agent(@Param('agent') name: string, @Req() req: Request, @Res() res: Response): void {
    const view = this.visible().find(({ card }) => card.name === name);
    this.send(req, res, view && agentSubject(view, this.publicUrl.base, this.auth.enabled));
  }

  private visible(): AgentView[] {
    return this.registry.list(ANONYMOUS).filter(({ namespace }) => this.policy.isPublic(namespace));
  }

  /** @throws GatewayError AGENT_NOT_FOUND */
  private send(req: Request, res: Response, subject: CardSubject | undefined): void {
    if (!subject) throw new GatewayError('AGENT_NOT_FOUND', 'there is no such agent');
    const text = JSON.stringify(hybridCard(subject));
    const { etag, since } = this.since(subject.url, text);
    res.setHeader('etag', etag);
    res.setHeader('last-modified', new Date(since).toUTCString());
    res.setHeader('cache-control', 'public, max-age=0, must-revalidate');
    res.setHeader('vary', 'A2A-Version');
    if (req.get('if-none-match') === etag) return void res.status(304).end();
    res.setHeader('content-type', 'application/json; charset=utf-8');
    res.end(text);
  }

  private since(url: string, text: string): Seen {
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    const before = this.seen.get(url);
    if (before?.etag === etag) return before;
    if (this.seen.size >= MAX_SEEN) this.seen.clear();
    const now = { etag, since: this.clock.now() };
    this.seen.set(url, now);
    return now;
  }
}
