import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { JsonObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import { GuestMethods, type GuestProtocol } from '../../../transport/jsonrpc/guest-methods.js';
import { A2aAnswers } from './a2a-answers.js';
import { isA2aMethod, isSharedMethod } from './a2a-request.wire.js';

/** A2A's calls at `/jsonrpc`, for the whole gateway. */
@Injectable()
export class A2aGuest implements GuestProtocol, OnModuleInit {
  constructor(
    private readonly guests: GuestMethods,
    private readonly answers: A2aAnswers,
  ) {}

  onModuleInit(): void {
    this.guests.add(this);
  }

  /** `tasks/get` and `tasks/cancel` are methods of both: they are A2A's where the request names A2A's version. */
  takes(method: string, req: Request): boolean {
    return isA2aMethod(method) && (!isSharedMethod(method) || req.get('a2a-version') !== undefined);
  }

  serve(caller: Principal, call: JsonObject, req: Request, res: Response): Promise<void> {
    return this.answers.serve(caller, {}, call, req, res);
  }
}
