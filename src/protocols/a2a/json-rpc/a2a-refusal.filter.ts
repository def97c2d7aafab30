import { Catch, type ArgumentsHost } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GatewayConfig } from '../../../config/gateway.config.js';
import { GatewayError } from '../../../core/errors.js';
import { sendError, sendJson } from '../../../transport/http/answer.js';
import { HttpErrorFilter } from '../../../transport/http/error-filter.js';
import { HTTP_ERRORS } from '../../../transport/http/error-table.js';

/** 1.0 §5.4 has a code for it, where all else that HTTP refuses has none. */
const CONTENT_TYPE_NOT_SUPPORTED = -32005;

/** Refusals before JSON-RPC in the words that callers know: A2A's for a body that is not JSON, adk's for a caller without a credential. */
@Catch()
export class A2aRefusalFilter extends HttpErrorFilter {
  constructor({ profile }: GatewayConfig) {
    super(profile === 'production');
  }

  override catch(thrown: unknown, host: ArgumentsHost): void {
    const code = thrown instanceof GatewayError ? thrown.code : undefined;
    if (code === 'UNAUTHENTICATED') return this.unauthenticated(thrown as GatewayError, host);
    if (code !== 'UNSUPPORTED_MEDIA_TYPE') return super.catch(thrown, host);
    const error = {
      code: CONTENT_TYPE_NOT_SUPPORTED,
      message: (thrown as GatewayError).message,
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

  /** Seed 002's family looks at `error`. */
  private unauthenticated(error: GatewayError, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { headers } = http.getRequest<Request>();
    const isMissing = headers.authorization === undefined && headers['x-api-key'] === undefined;
    const title = isMissing ? 'missing authorization' : 'invalid token';
    sendError(http.getResponse<Response>(), error, true, { ...HTTP_ERRORS[error.code], title });
  }
}
