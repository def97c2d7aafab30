import { Catch, type ArgumentsHost } from '@nestjs/common';
import type { Response } from 'express';
import { GatewayConfig } from '../../../config/gateway.config.js';
import { GatewayError } from '../../../core/errors.js';
import { sendJson } from '../../../transport/http/answer.js';
import { HttpErrorFilter } from '../../../transport/http/error-filter.js';

/** 1.0 §5.4 has a code for it, where all else that HTTP refuses has none. */
const CONTENT_TYPE_NOT_SUPPORTED = -32005;

/** A body that is not JSON is refused with 415 and, since A2A has a word for that, in A2A's words. */
@Catch()
export class MediaTypeFilter extends HttpErrorFilter {
  constructor({ profile }: GatewayConfig) {
    super(profile === 'production');
  }

  override catch(thrown: unknown, host: ArgumentsHost): void {
    if (!(thrown instanceof GatewayError) || thrown.code !== 'UNSUPPORTED_MEDIA_TYPE')
      return super.catch(thrown, host);
    const error = {
      code: CONTENT_TYPE_NOT_SUPPORTED,
      message: thrown.message,
      data: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'CONTENT_TYPE_NOT_SUPPORTED',
          domain: 'a2a-protocol.org',
        },
      ],
    };
    sendJson(host.switchToHttp().getResponse<Response>(), 415, { jsonrpc: '2.0', id: null, error });
  }
}
