import { Controller, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isObject } from '../../core/json.js';
import type { Principal } from '../../core/principal.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { chargeFor } from '../../engine/limits/rate-limit.guard.js';
import { RateLimits } from '../../engine/limits/rate-limits.js';
import { sendJson, sendNothing } from '../../transport/http/answer.js';
import { BadJson, JsonBytes, jsonOrWhyNot } from '../../transport/http/json-body.js';
import { GuestMethods } from '../../transport/jsonrpc/guest-methods.js';
import { parseFailure } from '../../transport/jsonrpc/envelope.js';
import { RpcDispatcher } from './dispatcher.js';

/**
 * JSON-RPC 2.0 for orchestrators (spec: JSON-RPC). Status 200 for every answer with a body; what is refused before JSON-RPC
 * (401, 403, 413, 415, 429) is an ordinary HTTP error. Calls of protocols that share the address are theirs to answer. The door asks for `read`; each method asks for its own right.
 */
@Controller('jsonrpc')
export class JsonRpcController {
  constructor(
    private readonly dispatcher: RpcDispatcher,
    private readonly limits: RateLimits,
    private readonly guests: GuestMethods,
  ) {}

  @Post()
  @Requires('read')
  async call(
    @Caller() who: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ): Promise<void> {
    const payload = jsonOrWhyNot(bytes);
    if (isObject(payload)) {
      const guest = this.guests.for(payload['method'], req);
      if (guest) return guest.serve(who, payload, req, res);
    }
    // The guard has counted one request; every further entry of a batch is one more.
    if (Array.isArray(payload) && payload.length > 1 && this.limits.enabled)
      await chargeFor(this.limits, req, res, payload.length - 1);
    const answer =
      payload instanceof BadJson ? parseFailure(payload.message) : await this.dispatcher.handle(who, payload);
    if (answer === undefined) sendNothing(res, 204);
    else sendJson(res, 200, answer);
  }
}
