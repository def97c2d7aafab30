import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../core/errors.js';

/** Whether the request announces a body (RFC 9112 §6.3). */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return length === undefined ? req.headers['transfer-encoding'] !== undefined : length !== '0';
}

/**
 * The request's body, at most `limit` bytes. A body that has arrived with its headers (nearly all) is handed over at once,
 * without a listener or a promise.
 * @throws GatewayError PAYLOAD_TOO_LARGE as soon as it is known to be too long; INVALID when the sender gives up.
 */
export function readBody(req: IncomingMessage, limit: number): Buffer | Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  if (!req.complete) return collect(req, limit);
  const body = (req.read() as Buffer | null) ?? Buffer.alloc(0);
  if (body.length > limit) throw tooLarge(limit);
  return body;
}

function collect(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (finish: () => void): void => {
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) return stop(() => reject(tooLarge(limit)));
      chunks.push(chunk);
    };
    const onEnd = (): void => stop(() => resolve(Buffer.concat(chunks, size)));
    const onClose = (): void => stop(() => reject(new GatewayError('INVALID', 'body: the sender gave up')));
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

const tooLarge = (limit: number): GatewayError =>
  new GatewayError('PAYLOAD_TOO_LARGE', `body: more than the allowed ${limit} bytes`);
