import { Controller, Headers, Post, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { originOf, Public } from '../../engine/auth/oauth2.guard.js';
import { OAuthTokenService } from '../../engine/auth/oauth-token.service.js';
import { sendJson } from '../../transport/http/answer.js';
import { FormBody } from '../../transport/http/json-body.js';

/** The gateway's own token endpoint: client credentials (RFC 6749 §4.4), in that RFC's words. */
@Controller('oauth')
export class OAuthController {
  constructor(private readonly tokens: OAuthTokenService) {}

  @Post('token')
  @Public()
  async token(
    @FormBody() body: unknown,
    @Headers('authorization') authorization: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const {
      status,
      headers,
      body: answer,
    } = await this.tokens.handle({
      body,
      authorization,
      origin: originOf(res.req),
    });
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    sendJson(res, status, answer);
  }
}
