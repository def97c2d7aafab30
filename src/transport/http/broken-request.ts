import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorBody } from './error-table.js';
import { JSON_TYPE } from './answer.js';
import { REQUEST_ID } from './request-context.js';
import type { RequestDeadlines } from './request-deadline.js';
import type { HeaderList } from './security-headers.js';

type Refusal = Pick<ErrorBody, 'error' | 'detail' | 'code'> & { readonly status: number };

const MALFORMED: Refusal = {
  status: 400,
  error: 'invalid request',
  detail: 'not an HTTP request that the gateway can read',
  code: 'INVALID',
};

/** What Node's parser refuses, by its error code. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    error: 'request timeout',
    detail: 'the request was not sent in time',
    code: 'TIMEOUT',
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    error: 'invalid request',
    detail: 'headers: more than the allowed 16 KiB',
    code: 'INVALID',
  },
};

/** Answers what never becomes a request (bad syntax, huge headers, slow senders) in the same shape as everything else. */
export function answerBrokenRequests(server: Server, headers: HeaderList, deadlines: RequestDeadlines): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || deadlines.isAnswering(socket)) {
      socket.destroy();
      return;
    }
    socket.end(rawAnswer(REFUSALS[error.code ?? ''] ?? MALFORMED, headers), () => socket.destroy());
  });
}

function rawAnswer({ status, ...said }: Refusal, headers: HeaderList): string {
  const requestId = randomUUID();
  const body = JSON.stringify({ ...said, request_id: requestId } satisfies ErrorBody);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `${REQUEST_ID}: ${requestId}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
