import { Controller, Delete, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import type { Principal } from '../../core/principal.js';
import { ApiKeys } from '../../engine/auth/api-keys.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { JsonBody } from '../../transport/http/json-body.js';
import { SseStreams } from '../../transport/http/sse.js';
import type { ApiKeyListWire, CreatedApiKeyWire } from './admin.wire.js';
import { toApiKey, toNewApiKey } from './api-key.mapper.js';

/** API keys, for the admins of their namespace. */
@Controller('api-keys')
@Requires('admin')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly streams: SseStreams,
  ) {}

  /** Makes a key. Its text is in this answer and nowhere else. */
  @Post()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async create(@Caller() who: Principal, @JsonBody() body: unknown): Promise<CreatedApiKeyWire> {
    const { key, record } = await this.keys.create(who, toNewApiKey(body));
    return { ...toApiKey(record), key };
  }

  @Get()
  async list(@Caller() who: Principal): Promise<ApiKeyListWire> {
    return { api_keys: (await this.keys.list(who)).map(toApiKey) };
  }

  /** Withdraws a key at once: sockets and streams that it has opened are closed. */
  @Delete(':id')
  @HttpCode(204)
  async revoke(@Caller() who: Principal, @Param('id') id: string): Promise<void> {
    await this.keys.revoke(who, id);
    this.streams.endThoseOf(id);
  }
}
