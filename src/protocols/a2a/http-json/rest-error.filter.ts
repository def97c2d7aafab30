import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { inspect } from 'node:util';
import { GatewayError } from '../../../core/errors.js';
import { sendText } from '../../../transport/http/answer.js';
import { toGatewayError } from '../../../transport/http/error-filter.js';
import { requestIdOf } from '../../../transport/http/request-context.js';
import type { Dialect } from '../requests/checks.wire.js';
import { a2aSdk } from '../sdk.js';
import { restRefusal } from './rest-refusal.js';
import { contentTypeOf, versionOf } from './rest-request.js';

/** Whatever a route of the HTTP+JSON bindings throws, its guards included, in the words of the binding. */
@Catch()
export class RestErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('A2A');

  /** @param dialect of the routes; a request of another version is answered in its own. */
  constructor(private readonly dialect: Dialect) {}

  async catch(thrown: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const res = http.getResponse<Response>();
    const dialect = versionOf(http.getRequest<Request>()) === '1.0' ? '1.0' : this.dialect;
    const sdk = await a2aSdk();
    const error = thrown instanceof sdk.errors.A2AError ? thrown : toGatewayError(thrown);
    if (error instanceof GatewayError) this.note(error, res);
    const { status, body } = restRefusal(sdk, dialect, error, requestIdOf(res));
    sendText(res, status, contentTypeOf(dialect), JSON.stringify(body));
  }

  /** When to come back; and the log gets what the caller does not. */
  private note(error: GatewayError, res: Response): void {
    if (error.retryAfterS !== undefined && !res.headersSent)
      res.setHeader('retry-after', Math.max(1, Math.ceil(error.retryAfterS)));
    if (error.code === 'INTERNAL')
      this.logger.error({ msg: inspect(error.cause ?? error), request_id: requestIdOf(res) });
  }
}
