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
    const session = new BotSession(socket, peer.principal, this.context, peer.certificate);
    this.context.entered(session);
    if (this.auth.isWithdrawn(peer.principal)) session.close('revoked'); // while the upgrade was under way
  }

  private cutRevoked(): void {
    for (const session of this.context.open()) if (this.isRevoked(session)) session.close('revoked');
  }

  private isRevoked({ certificate, principal }: BotSession): boolean {
    return (certificate && this.auth.isRevoked(certificate)) || this.auth.isWithdrawn(principal);
  }
}
