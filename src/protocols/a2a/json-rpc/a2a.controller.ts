import { Controller, HttpCode, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import { sendJson } from '../../../transport/http/answer.js';
import { BadJson, JsonBytes, jsonOrWhyNot } from '../../../transport/http/json-body.js';
import { takesItsTime } from '../../../transport/http/request-deadline.js';
import { SseStreams } from '../../../transport/http/sse.js';
import { parseFailure } from '../../../transport/jsonrpc/envelope.js';
import { A2aCalls, type A2aAnswer } from './a2a-calls.js';
import { EXTENSION_HEADERS, Extensions, namedExtensions } from '../handler/extensions.js';
import { sseFrame, type StreamItem } from '../handler/numbered.js';
import type { Target } from '../handler/target.js';
import { dialectOf } from './a2a-request.wire.js';
import { MediaTypeFilter } from './media-type.filter.js';
import { adkEvent, withTextStatus } from './adk.wire.js';

/**
 * A2A over JSON-RPC, 1.0 and 0.3 on one URL: for the whole gateway, for one skill whoever has it, for one agent. The door asks
 * for `read`; what submits or cancels asks for `execute`.
 */
@Controller('a2a')
@Requires('read')
@UseFilters(MediaTypeFilter)
export class A2aController {
  constructor(
    private readonly calls: A2aCalls,
    private readonly streams: SseStreams,
    private readonly extensions: Extensions,
  ) {}

  @Post()
  @HttpCode(200)
  gateway(@Caller() who: Principal, @JsonBytes() bytes: Buffer, @Req() req: Request, @Res() res: Response) {
    return this.serve(who, {}, bytes, req, res);
  }

  @Post('skills/:skill')
  @HttpCode(200)
  skill(
    @Caller() who: Principal,
    @Param('skill') skill: string,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.serve(who, { skill }, bytes, req, res);
  }

  @Post('agents/:agent')
  @HttpCode(200)
  agent(
    @Caller() who: Principal,
    @Param('agent') agent: string,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.serve(who, { agent }, bytes, req, res);
  }

  /** The adk family's stream (seed 002): `message/stream` and `message/send` alike; refusals are status 400. */
  @Post('stream')
  @HttpCode(200)
  async stream(
    @Caller() who: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ): Promise<void> {
    const payload = jsonOrWhyNot(bytes);
    if (payload instanceof BadJson) return sendJson(res, 400, parseFailure(payload.message));
    const answer = await this.ask(who, {}, asStream(payload), req, res, '0.3');
    if (!answer.stream) return sendJson(res, 400, answer.body);
    const frame = ({ id, data }: StreamItem) => sseFrame(id, adkEvent(data));
    await this.send(who, answer.stream, req, res, frame, 'event: done\ndata:\n\n');
  }

  private async serve(
    who: Principal,
    target: Target,
    bytes: Buffer,
    req: Request,
    res: Response,
  ): Promise<void> {
    const payload = jsonOrWhyNot(bytes);
    if (payload instanceof BadJson) return sendJson(res, 200, parseFailure(payload.message));
    const answer = await this.ask(who, target, payload, req, res);
    res.setHeader('a2a-version', answer.dialect);
    const active = this.extensions.active(extensionsOf(req));
    if (active.length > 0) res.setHeader(EXTENSION_HEADERS[answer.dialect], active.join(', '));
    if (answer.stream) return this.send(who, answer.stream, req, res, ({ id, data }) => sseFrame(id, data));
    sendJson(res, 200, answer.untyped ? withTextStatus(answer.body!) : answer.body);
  }

  private ask(
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
    const extensions = extensionsOf(req);
    return this.calls.answer({
      caller,
      target,
      payload,
      version,
      lastEventId,
      extensions,
      signal: hangUp.signal,
    });
  }

  private send(
    who: Principal,
    items: AsyncIterable<StreamItem>,
    req: Request,
    res: Response,
    frame: (item: StreamItem) => string,
    last = '',
  ): Promise<void> {
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

/** Named by the header of either version. */
const extensionsOf = (req: Request): readonly string[] =>
  Object.values(EXTENSION_HEADERS).flatMap((name) => namedExtensions(req.get(name)));

/** 1.0 §3.6.1: the header, or a parameter of the query. */
function versionOf(req: Request): string | undefined {
  const asked = req.query['A2A-Version'];
  return req.get('a2a-version') ?? (typeof asked === 'string' ? asked : undefined);
}

/** Both of adk's methods stream here, and nothing else does. */
function asStream(payload: unknown): unknown {
  if (!isObject(payload)) return payload;
  const { method } = payload;
  if (method === 'message/send' || method === 'message/stream')
    return { ...payload, method: 'message/stream' };
  return typeof method === 'string' ? { ...payload, method: `${method} (not on /a2a/stream)` } : payload;
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
