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
import { ResourcesService } from '../../../engine/resources/resources.service.js';
import { JsonBody } from '../../../transport/http/json-body.js';
import { MAX_BODY } from '../fields.js';
import { flag, toList, toPageQuery, type ListWire, type Query as Params } from '../list-query.js';
import { API_ROOT } from '../ooder-errors.js';
import type { ResourceTreeWire, ResourceWire } from '../ooder.wire.js';
import { merging, replacing } from '../record-words.js';
import { sendCreated, sendRecord, toVersion } from '../record-answers.js';
import { RESOURCE_LIST } from './list-words.js';
import { RESOURCE_WORDS, toResourceDraft, toResourceWire, toTreeWire } from './resource.mapper.js';

/** Spaces, zones and devices (seed 004, 2.3.1). */
@Controller(`${API_ROOT}/resources`)
export class ResourcesController {
  constructor(private readonly resources: ResourcesService) {}

  @Post()
  @Requires('admin')
  async create(
    @Caller() who: Principal,
    @JsonBody(MAX_BODY) body: unknown,
    @Query() query: Params,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const { id, draft } = toResourceDraft(body, flag(query, 'strict'));
    sendCreated(res, await this.resources.create(who, 'resource', draft, id), toResourceWire);
  }

  @Get()
  async list(@Caller() who: Principal, @Query() query: Params): Promise<ListWire<ResourceWire>> {
    return toList(await this.resources.list(who, toPageQuery(query, RESOURCE_LIST)), query, toResourceWire);
  }

  @Get(':id')
  async get(@Caller() who: Principal, @Param('id') id: string, @Res() res: ServerResponse): Promise<void> {
    sendRecord(res, toResourceWire(await this.resources.get(who, 'resource', id)));
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
    const draft = replacing(RESOURCE_WORDS, id, body, flag(query, 'strict'));
    const record = await this.resources.change(who, 'resource', id, () => draft, toVersion(ifMatch));
    sendRecord(res, toResourceWire(record));
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
    const change = merging(RESOURCE_WORDS, id, body, flag(query, 'strict'));
    sendRecord(
      res,
      toResourceWire(await this.resources.change(who, 'resource', id, change, toVersion(ifMatch))),
    );
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('admin')
  remove(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Query() query: Params,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    const cascade = flag(query, 'cascade');
    return this.resources.remove(who, 'resource', id, { cascade, expected: toVersion(ifMatch) });
  }

  @Get(':id/children')
  async children(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Query() query: Params,
  ): Promise<ListWire<ResourceWire>> {
    const page = await this.resources.children(who, id, toPageQuery(query, RESOURCE_LIST));
    return toList(page, query, toResourceWire);
  }

  @Get(':id/tree')
  async tree(@Caller() who: Principal, @Param('id') id: string): Promise<ResourceTreeWire> {
    return toTreeWire(await this.resources.tree(who, id));
  }
}
