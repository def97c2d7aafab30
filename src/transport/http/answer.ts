import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayError } from '../../core/errors.js';
import { GENERIC_DETAIL, HTTP_ERRORS, type ErrorBody, type HttpError } from './error-table.js';
import { errorWordsFor } from './error-words.js';
import { requestIdOf } from './request-context.js';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** What a response has said no with; most responses are not in it. */
const refusals = new WeakMap<ServerResponse, GatewayError>();

/** The error that a response says, if it says one. */
export const refusalOf = (res: ServerResponse): GatewayError | undefined => refusals.get(res);

/** An unread body up to this size is discarded within the connection; beyond it the connection is closed. */
const CHEAP_REST_BYTES = 65_536;
/** How long a refused sender may go on sending before it is cut. */
const LINGER_MS = 5_000;

/**
 * Sends a complete answer as one string with its length: no etag, no content negotiation.
 * Does nothing when the request has been answered already (request timeout) or the client is gone.
 */
export function sendText(res: ServerResponse, status: number, type: string, text: string): void {
  if (res.headersSent || res.destroyed) return;
  res.statusCode = status;
  res.setHeader('content-type', type);
  res.setHeader('content-length', Buffer.byteLength(text));
  if (status >= 400 && hasMuchLeft(res.req)) endAfterBody(res, text);
  else res.end(text);
}

/** Sends a JSON answer; as {@link sendText}. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  sendText(res, status, JSON_TYPE, JSON.stringify(body));
}

/** Sends an answer without a body (204, HEAD). */
export function sendNothing(res: ServerResponse, status: number): void {
  if (res.headersSent || res.destroyed) return;
  res.statusCode = status;
  if (status !== 204 && status !== 304) res.setHeader('content-length', 0);
  res.end();
}

/**
 * Sends a refusal in the words of the plain HTTP APIs, or in those of the protocol that the path belongs to.
 * @param sanitize hide what an INTERNAL error says (production)
 */
export function sendError(
  res: ServerResponse,
  error: GatewayError,
  sanitize: boolean,
  said: HttpError = HTTP_ERRORS[error.code],
): void {
  if (res.headersSent || res.destroyed) return;
  refusals.set(res, error);
  if (error.retryAfterS !== undefined)
    res.setHeader('retry-after', Math.max(1, Math.ceil(error.retryAfterS)));
  if (said.status === 401 && !res.hasHeader('www-authenticate')) res.setHeader('www-authenticate', 'Bearer');
  const hidden = sanitize && error.code === 'INTERNAL';
  const detail = said.detail ?? (hidden ? GENERIC_DETAIL : error.message);
  const words = errorWordsFor(res.req);
  if (words) return sendJson(res, ...words.say(error, said, detail));
  sendJson(res, said.status, plainBody(error, said.title, detail, requestIdOf(res)));
}

const plainBody = ({ code }: GatewayError, error: string, detail: string, request_id: string): ErrorBody => ({
  error,
  detail,
  code,
  request_id,
});

function hasMuchLeft(req: IncomingMessage): boolean {
  if (req.complete) return false;
  const length = req.headers['content-length'];
  return length === undefined
    ? req.headers['transfer-encoding'] !== undefined
    : Number(length) > CHEAP_REST_BYTES;
}

/**
 * Answers a sender that is still sending. The answer goes out at once and is complete by its length; the connection is closed
 * when the sender has finished or after {@link LINGER_MS}. Closing with unread data would reset the connection (RFC 9112 §9.6),
 * and most clients would then lose the answer.
 */
function endAfterBody(res: ServerResponse, text: string): void {
  res.setHeader('connection', 'close');
  res.write(text);
  const close = (): void => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(close, LINGER_MS);
  res.req.once('end', close).once('close', close).resume();
}
