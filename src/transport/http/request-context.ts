import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export const REQUEST_ID = 'x-request-id';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The caller's request id if it is a UUID, a fresh one otherwise: free text from outside never reaches logs and headers. */
export function chooseRequestId(req: IncomingMessage): string {
  const given = req.headers[REQUEST_ID];
  return typeof given === 'string' && given.length === 36 && UUID.test(given) ? given : randomUUID();
}

/** The id of the request that this response answers; it was put on the response at the front door. */
export function requestIdOf(res: ServerResponse): string {
  const id = res.getHeader(REQUEST_ID);
  return typeof id === 'string' ? id : '';
}
