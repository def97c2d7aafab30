import { Controller, HttpCode, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import { sendJson } from '../../../transport/http/answer.js';
import { BadJson, JsonBytes, jsonOrWhyNot } from '../../../transport/http/json-body.js';
import { parseFailure } from '../../../transport/jsonrpc/envelope.js';
import { A2aAnswers } from './a2a-answers.js';
import { sseFrame, type StreamItem } from '../handler/numbered.js';
import type { Target } from '../handler/target.js';
import { A2aRefusalFilter } from './a2a-refusal.filter.js';
import { adkEvents } from './adk.wire.js';

/**
 * A2A over JSON-RPC, 1.0 and 0.3 on one URL: for the whole gateway, for one skill whoever has it, for one agent. The door asks
 * for `read`; what submits or cancels asks for `execute`.
 */
@Controller('a2a')
@Requires('read')
@UseFilters(A2aRefusalFilter)
export class A2aController {
  constructor(private readonly answers: A2aAnswers) {}

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
    const answer = await this.answers.ask(who, {}, asStream(payload), req, res, '0.3');
    if (!answer.stream) return sendJson(res, 400, answer.body);
    const frame = ({ id, data }: StreamItem) =>
      adkEvents(data)
        .map((event) => sseFrame(id, event))
        .join('');
    await this.answers.send(who, answer.stream, req, res, frame, 'event: done\ndata:\n\n');
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
    return this.answers.serve(who, target, payload, req, res);
  }
}

/** Both of adk's methods stream here, and nothing else does. */
function asStream(payload: unknown): unknown {
  if (!isObject(payload)) return payload;
  const { method } = payload;
  if (method === 'message/send' || method === 'message/stream')
    return { ...payload, method: 'message/stream' };
  return typeof method === 'string' ? { ...payload, method: `${method} (not on /a2a/stream)` } : payload;
}
