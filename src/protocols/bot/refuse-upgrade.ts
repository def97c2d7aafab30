import type { Duplex } from 'node:stream';
import { GatewayError, type ErrorCode } from '../../core/errors.js';

const STATUS: Partial<Record<ErrorCode, string>> = {
  INVALID: '400 Bad Request',
  UNAUTHENTICATED: '401 Unauthorized',
  FORBIDDEN: '403 Forbidden',
  NOT_FOUND: '404 Not Found',
  RATE_LIMITED: '429 Too Many Requests',
  OVERLOADED: '503 Service Unavailable',
  UPSTREAM: '503 Service Unavailable',
};

/** Answers an upgrade that is refused: an HTTP status and the error as JSON, never a 101. */
export function refuseUpgrade(socket: Duplex, thrown: unknown, requestId: string): void {
  const error =
    thrown instanceof GatewayError
      ? thrown
      : new GatewayError('INTERNAL', 'the gateway failed to handle the upgrade');
  const status = STATUS[error.code] ?? '500 Internal Server Error';
  const said = { error: status.slice(4), detail: error.message, code: error.code, request_id: requestId };
  const body = JSON.stringify(said);
  const headers = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    ...(error.code === 'UNAUTHENTICATED' ? ['www-authenticate: Bearer'] : []),
    ...(error.retryAfterS === undefined ? [] : [`retry-after: ${error.retryAfterS}`]),
    'x-content-type-options: nosniff',
    'connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}
