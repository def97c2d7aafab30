import { Controller, Post, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Principal } from '../../core/principal.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { sendJson, sendNothing } from '../../transport/http/answer.js';
import { BadJson, JsonBytes, parseJson } from '../../transport/http/json-body.js';
import { parseFailure } from '../../transport/jsonrpc/envelope.js';
import { RpcDispatcher } from './dispatcher.js';

/**
 * JSON-RPC 2.0 for orchestrators (spec: JSON-RPC). Status 200 for every answer with a body; what is refused before JSON-RPC
 * (401, 403, 413, 415, 429) is an ordinary HTTP error. The door asks for `read`; each method asks for its own right.
 */
@Controller('jsonrpc')
export class JsonRpcController {
  constructor(private readonly dispatcher: RpcDispatcher) {}

  @Post()
  @Requires('read')
  async call(
    @Caller() who: Principal,
    @JsonBytes() bytes: Buffer,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const answer = await this.answer(who, bytes);
    if (answer === undefined) sendNothing(res, 204);
    else sendJson(res, 200, answer);
  }

  private async answer(who: Principal, bytes: Buffer): Promise<unknown> {
    let payload: unknown;
    try {
      payload = parseJson(bytes);
    } catch (error) {
      if (error instanceof BadJson) return parseFailure(error.message);
      throw error;
    }
    return this.dispatcher.handle(who, payload);
  }
}
