import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Readable } from 'node:stream';
import { isObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import { sendJson } from '../../../transport/http/answer.js';
import { takesItsTime } from '../../../transport/http/request-deadline.js';
import { SseStreams } from '../../../transport/http/sse.js';
import { EXTENSION_HEADERS, Extensions, namedExtensions } from '../handler/extensions.js';
import { sseFrame, type StreamItem } from '../handler/numbered.js';
import type { Target } from '../handler/target.js';
import { A2aCalls, type A2aAnswer } from './a2a-calls.js';
import { dialectOf, STREAMS } from './a2a-request.wire.js';
import { withTextStatus } from './adk.wire.js';

/** Answers calls of A2A's JSON-RPC binding over HTTP, at whichever address they come in. */
@Injectable()
export class A2aAnswers {
  constructor(
    private readonly calls: A2aCalls,
    private readonly streams: SseStreams,
    private readonly extensions: Extensions,
  ) {}

  /** Answers a parsed payload in the version that it is of. */
  async serve(who: Principal, target: Target, payload: unknown, req: Request, res: Response): Promise<void> {
    const answer = await this.ask(who, target, payload, req, res);
    res.setHeader('a2a-version', answer.dialect);
    const active = this.extensions.active(extensionsOf(req));
    if (active.length > 0) res.setHeader(EXTENSION_HEADERS[answer.dialect], active.join(', '));
    if (answer.stream) return this.send(who, answer.stream, req, res, ({ id, data }) => sseFrame(id, data));
    if (answer.dialect === '0.3' && wantsEvents(payload, req))
      return this.sendOne(who, answer.body!, req, res);
    sendJson(res, 200, answer.untyped ? withTextStatus(answer.body!) : answer.body);
  }

  /** A refusal as the only event of a stream: clients of 0.3 that ask for a stream read nothing else. */
  private sendOne(who: Principal, envelope: object, req: Request, res: Response): Promise<void> {
    res.status(200);
    return this.streams.serve<object>(req, res, {
      open: () => Promise.resolve(Readable.from([envelope])),
      frame: (data) => `data: ${JSON.stringify(data)}\n\n`,
      expiresAt: who.expiresAt,
      credential: who.credential,
      namespace: who.namespace,
    });
  }

  /** Runs a call; the caller of this sends the answer. */
  ask(
    caller: Principal,
    target: Target,
    payload: unknown,
    req: Request,
    res: Response,
    version: string | undefined = versionOf(req),
  ): Promise<A2aAnswer> {
    const hangUp = new AbortController();
    res.once('close', () => hangUp.abort());
    if (!isUntyped(payload, version)) takesItsTime(res);
    const lastEventId = req.get('last-event-id');
    const idempotencyKey = req.get('idempotency-key');
    const extensions = extensionsOf(req);
    const { signal } = hangUp;
    return this.calls.answer({
      caller,
      target,
      payload,
      version,
      lastEventId,
      idempotencyKey,
      extensions,
      signal,
    });
  }

  /** @param last text that ends the stream */
  send(
    who: Principal,
    items: AsyncIterable<StreamItem>,
    req: Request,
    res: Response,
    frame: (item: StreamItem) => string,
    last = '',
  ): Promise<void> {
    res.status(200);
    return this.streams.serve<StreamItem | string>(req, res, {
      open: () => Promise.resolve(last === '' ? items : followedBy(items, last)),
      frame: (item) => (typeof item === 'string' ? item : frame(item)),
      expiresAt: who.expiresAt,
      credential: who.credential,
      namespace: who.namespace,
    });
  }
}

async function* followedBy<T>(items: AsyncIterable<T>, last: string): AsyncGenerator<T | string> {
  yield* items;
  yield last;
}

/** A method that streams, by a caller who says that he reads streams. */
const wantsEvents = (payload: unknown, req: Request): boolean =>
  isObject(payload) &&
  typeof payload['method'] === 'string' &&
  STREAMS.has(payload['method']) &&
  (req.get('accept') ?? '').includes('text/event-stream');

/** Named by the header of either version. */
const extensionsOf = (req: Request): readonly string[] =>
  Object.values(EXTENSION_HEADERS).flatMap((name) => namedExtensions(req.get(name)));

/** 1.0 §3.6.1: the header, or a parameter of the query. */
function versionOf(req: Request): string | undefined {
  const asked = req.query['A2A-Version'];
  return req.get('a2a-version') ?? (typeof asked === 'string' ? asked : undefined);
}

/** adk's callers expect 408 at the request timeout; the standard's wait as long as the task takes. */
function isUntyped(payload: unknown, version: string | undefined): boolean {
  if (dialectOf(version, (payload as { method?: unknown } | null)?.method) !== '0.3') return false;
  const parts = (payload as { params?: { message?: { parts?: unknown } } } | null)?.params?.message?.parts;
  return (
    Array.isArray(parts) &&
    parts.some((part) => typeof part === 'object' && part !== null && !('kind' in part))
  );
}
