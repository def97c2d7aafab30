import type { Origin } from '../../core/principal.js';

interface OriginRequest {
  readonly method: string;
  readonly url: string;
  readonly ip?: string | undefined;
}
interface OriginResponse {
  getHeader(name: string): unknown;
}

/** The header in which the front door has put the request's id. */
const REQUEST_ID = 'x-request-id';
const MAX_LENGTH = 200;

/** Where an HTTP request comes from. A copy: callers are kept by what they open, and must not keep their requests alive. */
export function originOfRequest({ method, url, ip }: OriginRequest, res: OriginResponse): Origin {
  const id = res.getHeader(REQUEST_ID);
  return {
    requestId: typeof id === 'string' ? id : null,
    address: ip ?? null,
    request: requestLine(method, url),
    noted: false,
  };
}

/** Method and path; what a query holds is nobody's business later on. */
export function requestLine(method: string, url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return path.length > MAX_LENGTH ? `${method} ${path.slice(0, MAX_LENGTH)}…` : `${method} ${path}`;
}
