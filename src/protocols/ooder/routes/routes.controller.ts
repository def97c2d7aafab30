import {
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Principal } from '../../../core/principal.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import { RoutesService, type RouteDraft } from '../../../engine/routes/routes.service.js';
import { JsonBody } from '../../../transport/http/json-body.js';
import { MAX_BODY } from '../fields.js';
import { flag, toList, toPageQuery, type ListWire, type Query as Params } from '../list-query.js';
import { API_ROOT } from '../ooder-errors.js';
import type { RouteMatchWire, RouteWire } from '../ooder.wire.js';
import { sendCreated, sendRecord, toVersion } from '../record-answers.js';
import { merging, replacing } from '../record-words.js';
import { ROUTE_LIST, ROUTE_WORDS, toMatchRequest, toMatchWire, toRouteWire } from './route.mapper.js';

/** The rules of routing (seed 004, 3.3.1). */
@Controller(`${API_ROOT}/routes`)
export class RoutesController {
  constructor(private readonly routes: RoutesService) {}

  @Post()
  @Requires('admin')
  async create(
    @Caller() who: Principal,
    @JsonBody(MAX_BODY) body: unknown,
    @Query() query: Params,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const { id, draft } = ROUTE_WORDS.read(body, flag(query, 'strict'));
    sendCreated(res, await this.routes.create(who, draft, id), toRouteWire);
  }

  /** A dry run: which rule a message would take, and why not those before it. */
  @Post('match')
  @HttpCode(200)
  @Requires('read')
  async match(@Caller() who: Principal, @JsonBody(MAX_BODY) body: unknown): Promise<RouteMatchWire> {
    const { source_id, destination_id } = toMatchRequest(body);
    return toMatchWire(await this.routes.match(who, source_id, destination_id));
  }

  @Get()
  async list(@Caller() who: Principal, @Query() query: Params): Promise<ListWire<RouteWire>> {
    return toList(await this.routes.list(who, toPageQuery(query, ROUTE_LIST)), query, toRouteWire);
  }

  @Get(':id')
  async get(@Caller() who: Principal, @Param('id') id: string, @Res() res: ServerResponse): Promise<void> {
    sendRecord(res, toRouteWire(await this.routes.get(who, id)));
  }

  @Put(':id')
  @Requires('admin')
  async replace(
    @Caller() who: Principal,
    @Param('id') id: string,
    @JsonBody(MAX_BODY) body: unknown,
    @Query() query: Params,
    @Headers('if-match') ifMatch: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const draft = replacing(ROUTE_WORDS, id, body, flag(query, 'strict'));
    sendRecord(res, toRouteWire(await this.routes.change(who, id, () => draft, toVersion(ifMatch))));
  }

  @Patch(':id')
  @Requires('admin')
  async merge(
    @Caller() who: Principal,
    @Param('id') id: string,
    @JsonBody(MAX_BODY) body: unknown,
    @Query() query: Params,
    @Headers('if-match') ifMatch: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const change = merging(ROUTE_WORDS, id, body, flag(query, 'strict'));
    sendRecord(res, toRouteWire(await this.routes.change(who, id, change, toVersion(ifMatch))));
  }

  @Post(':id/enable')
  @Requires('admin')
  enable(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    return this.turn(who, id, true, ifMatch, res);
  }

  @Post(':id/disable')
  @Requires('admin')
  disable(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    return this.turn(who, id, false, ifMatch, res);
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('admin')
  remove(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    return this.routes.remove(who, id, toVersion(ifMatch));
  }

  private async turn(
    who: Principal,
    id: string,
    enabled: boolean,
    ifMatch: string | undefined,
    res: ServerResponse,
  ): Promise<void> {
    const change = (record: RouteDraft): RouteDraft => ({ ...record, enabled });
    sendRecord(res, toRouteWire(await this.routes.change(who, id, change, toVersion(ifMatch))));
  }
}
