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
import { isObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import { ResourcesService } from '../../../engine/resources/resources.service.js';
import { SensorsService } from '../../../engine/resources/sensors.service.js';
import { TwinsService } from '../../../engine/resources/twins.service.js';
import { JsonBody } from '../../../transport/http/json-body.js';
import { MAX_BODY } from '../fields.js';
import { flag, toList, toPageQuery, type ListWire, type Query as Params } from '../list-query.js';
import { API_ROOT, invalidFields } from '../ooder-errors.js';
import type { DeviceWire, SensorWire } from '../ooder.wire.js';
import { merging, replacing } from '../record-words.js';
import { sendCreated, sendRecord, toVersion } from '../record-answers.js';
import { DEVICE_LIST, SENSOR_LIST } from './list-words.js';
import { DEVICE_WORDS, toDeviceDraft, toDeviceWire, toSensorWire, toTwinWire } from './resource.mapper.js';

/** Devices (seed 004, 4.4.1): the resources of type `device` in words of their own. */
@Controller(`${API_ROOT}/devices`)
export class DevicesController {
  constructor(
    private readonly resources: ResourcesService,
    private readonly sensors: SensorsService,
    private readonly twins: TwinsService,
  ) {}

  @Post()
  @Requires('admin')
  async create(
    @Caller() who: Principal,
    @JsonBody(MAX_BODY) body: unknown,
    @Query() query: Params,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const { id, draft } = toDeviceDraft(body, flag(query, 'strict'));
    sendCreated(res, await this.resources.create(who, 'device', draft, id), toDeviceWire);
  }

  @Get()
  async list(@Caller() who: Principal, @Query() query: Params): Promise<ListWire<DeviceWire>> {
    const asked = toPageQuery(query, DEVICE_LIST);
    const page = await this.resources.list(who, { ...asked, filters: { ...asked.filters, type: 'device' } });
    return toList(page, query, toDeviceWire);
  }

  @Get(':id')
  async get(@Caller() who: Principal, @Param('id') id: string, @Res() res: ServerResponse): Promise<void> {
    sendRecord(res, toDeviceWire(await this.resources.get(who, 'device', id)));
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
    const draft = replacing(DEVICE_WORDS, id, body, flag(query, 'strict'));
    sendRecord(
      res,
      toDeviceWire(await this.resources.change(who, 'device', id, () => draft, toVersion(ifMatch))),
    );
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
    const change = merging(DEVICE_WORDS, id, body, flag(query, 'strict'));
    sendRecord(res, toDeviceWire(await this.resources.change(who, 'device', id, change, toVersion(ifMatch))));
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
    return this.resources.remove(who, 'device', id, { cascade, expected: toVersion(ifMatch) });
  }

  @Get(':id/sensors')
  async sensorsOf(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Query() query: Params,
  ): Promise<ListWire<SensorWire>> {
    return toList(await this.sensors.ofDevice(who, id, toPageQuery(query, SENSOR_LIST)), query, toSensorWire);
  }

  @Get(':id/twin')
  async twin(@Caller() who: Principal, @Param('id') id: string, @Res() res: ServerResponse): Promise<void> {
    sendRecord(res, toTwinWire(await this.twins.get(who, id)));
  }

  @Patch(':id/twin/desired')
  @Requires('execute')
  desire(
    @Caller() who: Principal,
    @Param('id') id: string,
    @JsonBody(MAX_BODY) body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    return this.patchTwin(who, id, 'desired', body, ifMatch, res);
  }

  @Patch(':id/twin/reported')
  @Requires('execute')
  report(
    @Caller() who: Principal,
    @Param('id') id: string,
    @JsonBody(MAX_BODY) body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    return this.patchTwin(who, id, 'reported', body, ifMatch, res);
  }

  private async patchTwin(
    who: Principal,
    id: string,
    half: 'desired' | 'reported',
    patch: unknown,
    ifMatch: string | undefined,
    res: ServerResponse,
  ): Promise<void> {
    if (!isObject(patch)) throw invalidFields([{ field: 'body', rule: 'a JSON object' }]);
    sendRecord(res, toTwinWire(await this.twins.patch(who, id, half, patch, toVersion(ifMatch))));
  }
}
