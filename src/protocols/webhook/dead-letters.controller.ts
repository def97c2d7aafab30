import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Principal } from '../../core/principal.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { DeadLetters } from '../../engine/mail/dead-letters.js';
import { integerIn, optionalText } from './fields.js';
import { DEFAULT_PAGE, MAX_PAGE } from './messages.controller.js';
import { toMessage, toTriedMessage } from './webhook.mapper.js';
import type { DeadLettersWire, MessageWire, TriedMessageWire } from './webhook.wire.js';

/** Messages that were given up. */
@Controller('gateway/dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLetters) {}

  @Get()
  async list(
    @Caller() who: Principal,
    @Query('cursor') cursor: unknown,
    @Query('limit') limit: unknown,
  ): Promise<DeadLettersWire> {
    const size = integerIn('limit', limit, 1, MAX_PAGE, DEFAULT_PAGE);
    const page = await this.letters.list(who, size, optionalText('cursor', cursor, 128));
    return { dead_letters: page.messages.map(toMessage), next_cursor: page.nextCursor };
  }

  @Get(':message_id')
  async get(@Caller() who: Principal, @Param('message_id') id: string): Promise<TriedMessageWire> {
    const { message, attempts } = await this.letters.get(who, id);
    return toTriedMessage(message, attempts);
  }

  /** Starts it again, with all its tries. */
  @Post(':message_id/redeliver')
  @HttpCode(202)
  @Requires('execute')
  async redeliver(@Caller() who: Principal, @Param('message_id') id: string): Promise<MessageWire> {
    return toMessage(await this.letters.redeliver(who, id));
  }
}
