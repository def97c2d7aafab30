import type { OnModuleInit } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { AuthService } from '../../engine/auth/auth.service.js';
import { BotContext } from './bot-context.js';
import type { BotPeer } from './bot-listener.js';
import { BotSession } from './bot-session.js';
import { BOT_PATH } from './bot.wire.js';

/**
 * The WebSocket gateway for bots. Frames are not Nest messages: JSON-RPC needs them in order and every error answered,
 * so each socket gets a session of its own.
 */
@WebSocketGateway({ path: BOT_PATH })
export class BotGateway implements OnModuleInit, OnGatewayConnection {
  constructor(
    private readonly context: BotContext,
    private readonly auth: AuthService,
  ) {}

  onModuleInit(): void {
    this.auth.onRevocation(() => this.cutRevoked());
  }

  handleConnection(socket: WebSocket, peer: BotPeer): void {
    this.context.entered(new BotSession(socket, peer.principal, this.context, peer.certificate));
  }

  private cutRevoked(): void {
    for (const session of this.context.open())
      if (session.certificate && this.auth.isRevoked(session.certificate)) session.close('revoked');
  }
}
