import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { GatewayError, type ErrorCode } from '../../core/errors.js';
import { sendError } from './answer.js';
import { GENERIC_DETAIL, HTTP_ERRORS } from './error-table.js';
import { requestIdOf } from './request-context.js';

/** Nest's own exceptions (no route, malformed path) in the words of the core. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
};

/** Any thrown value as an error that may be shown; what the gateway did not foresee becomes a generic INTERNAL. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof HttpException) return fromHttpException(thrown);
  return new GatewayError('INTERNAL', GENERIC_DETAIL, { cause: thrown });
}

function fromHttpException(thrown: HttpException): GatewayError {
  const status = thrown.getStatus();
  if (status === 404) return new GatewayError('NOT_FOUND', 'there is no such route');
  const code = CODE_OF_STATUS[status] ?? (status < 500 ? 'INVALID' : 'INTERNAL');
  if (code === 'INTERNAL') return new GatewayError('INTERNAL', GENERIC_DETAIL, { cause: thrown });
  return new GatewayError(code, thrown.message);
}

/** Turns whatever a request handler throws into the one error body of the plain HTTP APIs. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  /** @param sanitize production: nothing about internal errors goes out. */
  constructor(private readonly sanitize: boolean) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown;
    const res = host.switchToHttp().getResponse<ServerResponse>();
    const error = toGatewayError(thrown);
    this.log(error, res);
    sendError(res, error, this.sanitize);
  }

  /** Faults of the gateway are logged with their cause; refusals are the caller's business. */
  private log(error: GatewayError, res: ServerResponse): void {
    if (HTTP_ERRORS[error.code].status < 500 || (error.code !== 'INTERNAL' && error.cause === undefined))
      return;
    const cause = error.cause ?? error;
    this.logger.error({ msg: inspect(cause), code: error.code, request_id: requestIdOf(res) });
  }
}
