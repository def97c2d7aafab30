import { Controller, Delete, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '../../../core/principal.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import { JsonBytes } from '../../../transport/http/json-body.js';
import { RestCalls } from './rest-calls.js';
import { RestErrorFilter } from './rest-error.filter.js';
import { BASES, PATHS, withTenant } from './rest-paths.js';

/**
 * A2A 1.0 over HTTP+JSON (§11), below each address that is an agent; each path also below `/{tenant}`. The door asks for
 * `read`; what submits or cancels asks for `execute`.
 */
@Controller([...BASES])
@Requires('read')
@UseFilters(new RestErrorFilter('1.0'))
export class A2aRestController {
  constructor(private readonly calls: RestCalls) {}

  @Post(withTenant(PATHS.sendMessage))
  sendMessage(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('1.0', { name: 'sendMessage', caller, req, res, bytes });
  }

  @Post(withTenant(PATHS.streamMessage))
  streamMessage(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('1.0', { name: 'streamMessage', caller, req, res, bytes });
  }

  @Get(withTenant(PATHS.listTasks))
  listTasks(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('1.0', { name: 'listTasks', caller, req, res });
  }

  @Post(withTenant(PATHS.cancelTask))
  cancelTask(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('1.0', { name: 'cancelTask', caller, req, res, bytes });
  }

  @Get(withTenant(PATHS.subscribe))
  subscribe(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('1.0', { name: 'subscribe', caller, req, res });
  }

  /** The standard's table says POST, its protocol buffers say GET: both are served. */
  @Post(withTenant(PATHS.subscribe))
  subscribeByPost(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('1.0', { name: 'subscribe', caller, req, res, bytes });
  }

  @Get(withTenant(PATHS.getTask))
  getTask(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('1.0', { name: 'getTask', caller, req, res });
  }

  @Post(withTenant(PATHS.pushConfigs))
  createPushConfig(
    @Caller() caller: Principal,
    @JsonBytes() bytes: Buffer,
    @Req() req: Request,
    @Res() res: Response,
  ) {
    return this.calls.answer('1.0', { name: 'createPushConfig', caller, req, res, bytes });
  }

  @Get(withTenant(PATHS.pushConfigs))
  listPushConfigs(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('1.0', { name: 'listPushConfigs', caller, req, res });
  }

  @Get(withTenant(PATHS.pushConfig))
  getPushConfig(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('1.0', { name: 'getPushConfig', caller, req, res });
  }

  @Delete(withTenant(PATHS.pushConfig))
  deletePushConfig(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('1.0', { name: 'deletePushConfig', caller, req, res });
  }

  @Get(withTenant(PATHS.extendedCard))
  getCard(@Caller() caller: Principal, @Req() req: Request, @Res() res: Response) {
    return this.calls.answer('1.0', { name: 'getCard', caller, req, res });
  }
}
