import type {
  FetcherDefaults,
  OutgoingResponse,
  OutgoingStream,
  OutgoingStreamRequest,
} from '../../core/outgoing-http.js';
import type { BodyLimits } from './bounded-body.js';

type Start = (
  request: Omit<OutgoingStreamRequest, 'idleMs' | 'maxBytes'>,
  limits: (headers: OutgoingResponse['headers']) => BodyLimits,
) => Promise<OutgoingStream>;

const EVENT_STREAM = 'text/event-stream';
/** Statuses that have no body (Fetch standard); a `Response` with one refuses to be made. */
const BODILESS = new Set([204, 205, 304]);

/** `fetch` over the door's own calls. Only an event stream may last; everything else is bounded as a whole. */
export function makeFetcher({ headers, ...defaults }: FetcherDefaults, start: Start): typeof fetch {
  const { timeoutMs, idleMs, maxBytes, purpose, tls } = defaults;
  return async (input, init) => {
    const request = new Request(input, init);
    const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
    const own = Object.fromEntries(request.headers);
    const added = (await headers?.()) ?? {};
    const call = { url: request.url, method: request.method, headers: { ...own, ...added }, body };
    const { signal } = request;
    const answer = await start({ ...call, signal, purpose, tls, timeoutMs }, (answered) =>
      answered['content-type']?.startsWith(EVENT_STREAM) ? { idleMs } : { maxBytes },
    );
    return toResponse(answer);
  };
}

function toResponse({ status, headers, body }: OutgoingStream): Response {
  const content = BODILESS.has(status) ? null : ReadableStream.from(body);
  return new Response(content, { status, headers: { ...headers } });
}
