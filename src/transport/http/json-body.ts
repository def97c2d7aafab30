import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { excerpt, GatewayError } from '../../core/errors.js';
import { MAX_JSON_DEPTH, withinDepth } from '../../core/json.js';
import { hasBody, readBody } from './read-body.js';

const JSON_TYPES = /^application\/(?:json|[a-z0-9!#$&^_.+-]+\+json)\s*(?:;\s*charset="?utf-8"?\s*)?;?\s*$/i;
const FORM_TYPES = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** Set once by `configureHttp`; part of the request's application, so that several servers can live in one process. */
export const BODY_LIMIT = 'gateway body limit';

interface AppRequest extends IncomingMessage {
  app?: { get(name: string): unknown };
}

const NO_BYTES = Buffer.alloc(0);

/** Why bytes are not a JSON value that the gateway accepts. */
export class BadJson extends GatewayError {
  constructor(message: string) {
    super('INVALID', message);
    this.name = 'BadJson';
  }
}

/**
 * Bytes as JSON. `__proto__` in a body is an ordinary own property here, and the mappers copy fields by name or by spread, so it
 * never reaches a prototype.
 * @throws BadJson when they are not UTF-8, not JSON, or nested deeper than 64 levels.
 */
function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new BadJson('body: got nothing, allowed: a JSON value');
  if (!isUtf8(bytes)) throw new BadJson('body: not valid UTF-8');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    throw new BadJson('body: not valid JSON');
  }
  if (!withinDepth(text, value))
    throw new BadJson(`body: nested deeper than the allowed ${MAX_JSON_DEPTH} levels`);
  return value;
}

/** Bytes as JSON, or why they are none: for protocols that answer such a body in their own words. */
export function jsonOrWhyNot(bytes: Buffer): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof BadJson) return error;
    throw error;
  }
}

/** @throws GatewayError UNSUPPORTED_MEDIA_TYPE unless the body is announced as uncompressed JSON in UTF-8. */
function requireJsonType(req: IncomingMessage): void {
  const type = req.headers['content-type'];
  if (type !== 'application/json' && !(type !== undefined && JSON_TYPES.test(type)))
    throw unsupported('content-type', type, 'application/json, optionally with charset utf-8');
  requireIdentity(req);
}

function requireIdentity(req: IncomingMessage): void {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw unsupported('content-encoding', encoding, 'identity');
}

const unsupported = (field: string, given: unknown, allowed: string): GatewayError =>
  new GatewayError('UNSUPPORTED_MEDIA_TYPE', `${field}: got ${excerpt(given)}, allowed: ${allowed}`);

/**
 * Reads the JSON body of a request as bytes; none where there is no body. It is called by the route that wants a body, after the
 * guards: nobody makes the gateway read or parse anything before he has shown who he is.
 * @throws GatewayError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE
 */
export function jsonBytes(req: IncomingMessage, limit = Infinity): Buffer | Promise<Buffer> {
  if (!hasBody(req)) return NO_BYTES;
  requireJsonType(req);
  return readBody(req, Math.min(limit, bodyLimit(req)));
}

function bodyLimit(req: AppRequest): number {
  const limit = req.app?.get(BODY_LIMIT);
  if (typeof limit !== 'number') throw new Error('configureHttp has not been called');
  return limit;
}

/** A late body belongs to a request that has been answered already (408): it must have no effect any more. */
function unlessAnswered<T>(res: ServerResponse, value: T): T {
  if (res.headersSent) throw new GatewayError('TIMEOUT', 'body: came after the request timeout');
  return value;
}

function received<T>(
  context: ExecutionContext,
  read: (req: IncomingMessage) => Buffer | Promise<Buffer>,
  parse: (bytes: Buffer, req: IncomingMessage) => T,
): T | Promise<T> {
  const http = context.switchToHttp();
  const req = http.getRequest<IncomingMessage>();
  const bytes = read(req);
  if (Buffer.isBuffer(bytes)) return parse(bytes, req);
  const res = http.getResponse<ServerResponse>();
  return bytes.then((late) => parse(unlessAnswered(res, late), req));
}

/**
 * The request's body, parsed from JSON; type it `unknown` and let the mapper check it. Its argument: most bytes, where the
 * protocol allows fewer than the listener.
 */
export const JsonBody = createParamDecorator((limit: number | undefined, context: ExecutionContext) =>
  received(context, (req) => jsonBytes(req, limit), parseJson),
);

/** The bytes of a JSON body, for protocols with their own way of saying that it does not parse. */
export const JsonBytes = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  received(
    context,
    (req) => jsonBytes(req),
    (bytes) => bytes,
  ),
);

/** The body of an OAuth2 endpoint: a form (RFC 6749 §4.4.2) or JSON, as a flat record of strings. */
export const FormBody = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  received(context, formBytes, (bytes, req) =>
    FORM_TYPES.test(req.headers['content-type'] ?? '') ? parseForm(bytes) : parseJson(bytes),
  ),
);

function formBytes(req: IncomingMessage): Buffer | Promise<Buffer> {
  if (!FORM_TYPES.test(req.headers['content-type'] ?? '')) return jsonBytes(req);
  requireIdentity(req);
  return readBody(req, bodyLimit(req));
}

function parseForm(bytes: Buffer): Readonly<Record<string, string>> {
  if (!isUtf8(bytes)) throw new BadJson('body: not valid UTF-8');
  return Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
}
