import { Controller, Delete, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '../../../core/principal.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import { JsonBytes } from '../../../transport/http/json-body.js';
import { RestCalls } from './rest-calls.js';
import { RestErrorFilter } from './rest-error.filter.js';
import { BASES, PATHS, legacyPath } from './rest-paths.js';

/** A2A 0.3 over HTTP+JSON (§3.2.3), below each address that is an agent. 1.0 is answered here too when `A2A-Version` asks for it. */
@Controller([...BASES])
@Requires('read')
@UseFilters(new RestErrorFilter('0.3'))
export class A2aLegacyRestController {
  constructor(private readonly calls: RestCalls) {}

  @Post(legacyPath(PATHS.sendMessage))
  sendMessage(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('0.3', { name: 'sendMessage', caller, req, res, bytes });
  }

  @Post(legacyPath(PATHS.streamMessage))
  streamMessage(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('0.3', { name: 'streamMessage', caller, req, res, bytes });
  }

  @Post(legacyPath(PATHS.cancelTask))
  cancelTask(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('0.3', { name: 'cancelTask', caller, req, res, bytes });
  }

  @Get(legacyPath(PATHS.subscribe))
  subscribe(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('0.3', { name: 'subscribe', caller, req, res });
  }

  /** The official clients use both. */
  @Post(legacyPath(PATHS.subscribe))
  subscribeByPost(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('0.3', { name: 'subscribe', caller, req, res, bytes });
  }

  @Get(legacyPath(PATHS.getTask))
  getTask(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('0.3', { name: 'getTask', caller, req, res });
  }

  @Post(legacyPath(PATHS.pushConfigs))
  createPushConfig(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('0.3', { name: 'createPushConfig', caller, req, res, bytes });
  }

  @Get(legacyPath(PATHS.pushConfigs))
  listPushConfigs(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('0.3', { name: 'listPushConfigs', caller, req, res });
  }

  @Get(legacyPath(PATHS.pushConfig))
  getPushConfig(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('0.3', { name: 'getPushConfig', caller, req, res });
  }

  @Delete(legacyPath(PATHS.pushConfig))
  deletePushConfig(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('0.3', { name: 'deletePushConfig', caller, req, res });
  }

  @Get(legacyPath(PATHS.card))
  getCard(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('0.3', { name: 'getCard', caller, req, res });
  }
}
