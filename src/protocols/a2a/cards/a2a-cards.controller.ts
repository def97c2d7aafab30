import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GatewayError } from '../../../core/errors.js';
import type { Principal } from '../../../core/principal.js';
import { Caller, Public } from '../../../engine/auth/oauth2.guard.js';
import { sendJson } from '../../../transport/http/answer.js';
import type { Target } from '../handler/target.js';
import { A2aCards } from './a2a-cards.js';
import type { CardVersion } from './card-version.js';
import { CardSigner } from './card-signer.js';

/**
 * Agent cards: of the gateway, of each skill, of each agent (1.0 §8.2), public and cacheable by ETag, since they change whenever
 * an agent comes or goes; and 0.2's addresses of the card for callers with a credential, below each base and beside it.
 */
@Controller()
export class A2aCardsController {
  constructor(
    private readonly cards: A2aCards,
    private readonly signer: CardSigner,
  ) {}

  @Get(['.well-known/agent-card.json', 'a2a/.well-known/agent-card.json'])
  @Public()
  gateway(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.send(req, res, {});
  }

  @Get('a2a/.well-known/agent.json')
  @Public()
  plainGateway(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.send(req, res, {}, true);
  }

  @Get('a2a/skills/:skill/.well-known/agent-card.json')
  @Public()
  skill(@Param('skill') skill: string, @Req() req: Request, @Res() res: Response): Promise<void> {
    return this.send(req, res, { skill });
  }

  @Get('a2a/skills/:skill/.well-known/agent.json')
  @Public()
  plainSkill(@Param('skill') skill: string, @Req() req: Request, @Res() res: Response): Promise<void> {
    return this.send(req, res, { skill }, true);
  }

  @Get('a2a/agents/:agent/.well-known/agent-card.json')
  @Public()
  agent(@Param('agent') agent: string, @Req() req: Request, @Res() res: Response): Promise<void> {
    return this.send(req, res, { agent });
  }

  @Get('a2a/agents/:agent/.well-known/agent.json')
  @Public()
  plainAgent(@Param('agent') agent: string, @Req() req: Request, @Res() res: Response): Promise<void> {
    return this.send(req, res, { agent }, true);
  }

  /** The public keys of the cards' signatures (RFC 7517). */
  @Get('.well-known/jwks.json')
  @Public()
  async keys(@Res() res: Response): Promise<void> {
    res.setHeader('cache-control', 'public, max-age=3600');
    sendJson(res, 200, await this.signer.keys());
  }

  @Get(['agent/authenticatedExtendedCard', 'a2a/agent/authenticatedExtendedCard'])
  extendedGateway(@Caller() caller: Principal, @Res() res: Response): Promise<void> {
    return this.sendExtended(res, {}, caller);
  }

  @Get('a2a/skills/:skill/agent/authenticatedExtendedCard')
  extendedSkill(
    @Caller() caller: Principal,
    @Param('skill') skill: string,
    @Res() res: Response,
  ): Promise<void> {
    return this.sendExtended(res, { skill }, caller);
  }

  @Get('a2a/agents/:agent/agent/authenticatedExtendedCard')
  extendedAgent(
    @Caller() caller: Principal,
    @Param('agent') agent: string,
    @Res() res: Response,
  ): Promise<void> {
    return this.sendExtended(res, { agent }, caller);
  }

  private async send(req: Request, res: Response, target: Target, plain = false): Promise<void> {
    const { text, etag, since } = await this.cards.published(target, versionOf(req), plain);
    res.setHeader('etag', etag);
    res.setHeader('last-modified', new Date(since).toUTCString());
    res.setHeader('cache-control', 'public, max-age=0, must-revalidate');
    res.setHeader('vary', 'A2A-Version');
    if (isAmong(etag, req.get('if-none-match'))) return void res.status(304).end();
    res.setHeader('content-type', 'application/json; charset=utf-8');
    res.end(text);
  }

  private async sendExtended(res: Response, target: Target, caller: Principal): Promise<void> {
    if (!this.cards.extended)
      throw new GatewayError('NOT_FOUND', 'without auth the public card shows everything; there is no other');
    sendJson(res, 200, await this.cards.extendedCard(target, caller));
  }
}

/** RFC 9110 §13.1.2: a list, compared weakly, or any. */
const isAmong = (etag: string, given: string | undefined): boolean =>
  (given ?? '').split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);

/** The version that a reader asks for; one that is not served is none, since a card is what tells which are. */
function versionOf(req: Request): CardVersion | undefined {
  const asked = req.get('a2a-version');
  if (asked === '1.0') return '1.0';
  return asked === '0.3' || asked === '0.3.0' ? '0.3' : undefined;
}
