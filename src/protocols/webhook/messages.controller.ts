import { Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Principal } from '../../core/principal.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { DeadLetters } from '../../engine/mail/dead-letters.js';
import { Messages } from '../../engine/mail/messages.service.js';
import { JsonBody } from '../../transport/http/json-body.js';
import { takesItsTime } from '../../transport/http/request-deadline.js';
import { integerIn, optionalText } from './fields.js';
import { toMessage, toNewMessage, toTriedMessage } from './webhook.mapper.js';
import type { ConversationWire, SentWire, TriedMessageWire } from './webhook.wire.js';

/** Messages of a page. */
export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 200;

/** Messages between agents (seed 001: sending), and their history. */
@Controller('gateway')
export class MessagesController {
  constructor(
    private readonly messages: Messages,
    private readonly letters: DeadLetters,
  ) {}

  @Post('send')
  @HttpCode(200)
  @Requires('execute')
  async send(
    @Caller() who: Principal,
    @JsonBody() body: unknown,
    @Res({ passthrough: true }) res: ServerResponse,
  ): Promise<SentWire> {
    const message = toNewMessage(body);
    if (message.queued) res.statusCode = 202;
    takesItsTime(res); // as long as the webhook takes; that has its own limit
    const sending = message.queued ? this.messages.queue(who, message) : this.messages.send(who, message);
    const { id, conversationId } = await sending;
    return { message_id: id, conversation_id: conversationId, status: message.queued ? 'queued' : 'sent' };
  }

  @Get('messages/:message_id')
  async get(@Caller() who: Principal, @Param('message_id') id: string): Promise<TriedMessageWire> {
    const message = await this.messages.get(who, id);
    return toTriedMessage(message, await this.letters.attemptsOf(who, message.id));
  }

  @Get('conversations/:conversation_id/messages')
  async conversation(
    @Caller() who: Principal,
    @Param('conversation_id') id: string,
    @Query('cursor') cursor: unknown,
    @Query('limit') limit: unknown,
  ): Promise<ConversationWire> {
    const after = optionalText('cursor', cursor, 64) ?? '';
    const size = integerIn('limit', limit, 1, MAX_PAGE, DEFAULT_PAGE);
    const page = await this.messages.conversation(who, id, after, size);
    return { conversation_id: id, messages: page.messages.map(toMessage), next_cursor: page.nextCursor };
  }
}
