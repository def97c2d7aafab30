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
import { SensorsService } from '../../../engine/resources/sensors.service.js';
import { JsonBody } from '../../../transport/http/json-body.js';
import { MAX_BODY } from '../fields.js';
import { flag, toList, toPageQuery, type ListWire, type Query as Params } from '../list-query.js';
import { API_ROOT } from '../ooder-errors.js';
import type { SensorWire } from '../ooder.wire.js';
import { merging, replacing } from '../record-words.js';
import { sendCreated, sendRecord, toVersion } from '../record-answers.js';
import { SENSOR_LIST } from './list-words.js';
import { SENSOR_WORDS, toSensorDraft, toSensorWire } from './resource.mapper.js';

/** The sensors of devices (seed 004, 4.4.2). */
@Controller(`${API_ROOT}/sensors`)
export class SensorsController {
  constructor(private readonly sensors: SensorsService) {}

  @Post()
  @Requires('admin')
  async create(
    @Caller() who: Principal,
    @JsonBody(MAX_BODY) body: unknown,
    @Query() query: Params,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const { id, draft } = toSensorDraft(body, flag(query, 'strict'));
    sendCreated(res, await this.sensors.create(who, draft, id), toSensorWire);
  }

  @Get()
  async list(@Caller() who: Principal, @Query() query: Params): Promise<ListWire<SensorWire>> {
    return toList(await this.sensors.list(who, toPageQuery(query, SENSOR_LIST)), query, toSensorWire);
  }

  @Get(':id')
  async get(@Caller() who: Principal, @Param('id') id: string, @Res() res: ServerResponse): Promise<void> {
    sendRecord(res, toSensorWire(await this.sensors.get(who, id)));
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
    const draft = replacing(SENSOR_WORDS, id, body, flag(query, 'strict'));
    sendRecord(res, toSensorWire(await this.sensors.change(who, id, () => draft, toVersion(ifMatch))));
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
    const change = merging(SENSOR_WORDS, id, body, flag(query, 'strict'));
    sendRecord(res, toSensorWire(await this.sensors.change(who, id, change, toVersion(ifMatch))));
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('admin')
  remove(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    return this.sensors.remove(who, id, toVersion(ifMatch));
  }
}
