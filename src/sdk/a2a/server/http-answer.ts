import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A refusal in terms of HTTP. */
export class HttpRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

const KEEP_ALIVE_MS = 15_000;

export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  res.end(text);
}

/** The whole body of a JSON request. @throws HttpRefusal 415, or 413, after which the connection closes */
export async function readJsonBody(req: IncomingMessage, maxBytes: number): Promise<string> {
  if (!/^application\/json\b/i.test(req.headers['content-type'] ?? ''))
    throw new HttpRefusal(415, 'content-type: allowed: application/json');
  const tooLarge = () =>
    new HttpRefusal(413, `the body has more than ${maxBytes} bytes`, { connection: 'close' });
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // The refusal goes out on the same socket, so that a body that is given up must not take it along.
  const body = req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Server-sent events, each as soon as it is there and no faster than the reader reads. */
export async function sendEvents(
  res: ServerResponse,
  events: AsyncIterable<object>,
  signal: AbortSignal,
  last = '',
): Promise<void> {
  const isOpen = !res.headersSent && !res.destroyed;
  if (isOpen) {
    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    res.flushHeaders();
  }
  const keepAlive = setInterval(() => isOpen && res.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
  try {
    for await (const event of events) {
      if (!isOpen || signal.aborted) return;
      if (!res.write(`data: ${JSON.stringify(event)}\n\n`)) await once(res, 'drain', { signal });
    }
    res.end(last);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(keepAlive);
  }
}
