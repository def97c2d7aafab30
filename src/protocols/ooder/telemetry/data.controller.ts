import { Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../../../core/errors.js';
import type { Principal } from '../../../core/principal.js';
import { Caller, Requires } from '../../../engine/auth/oauth2.guard.js';
import type { ReportedPoint } from '../../../engine/resources/point-rules.js';
import { TelemetryService, type PointOutcome } from '../../../engine/resources/telemetry.service.js';
import { JsonBody } from '../../../transport/http/json-body.js';
import { sseFrame } from '../../../transport/http/sse-frame.js';
import { SseStreams } from '../../../transport/http/sse.js';
import { MAX_BODY } from '../fields.js';
import { flag, text, toLimit, type ListWire, type Query as Params } from '../list-query.js';
import { API_ROOT } from '../ooder-errors.js';
import type { BucketWire, DataWire, ReportWire } from '../ooder.wire.js';
import { isDescending, toBucketQuery, toPointList, toPointQuery, toSource } from './data-query.js';
import {
  itemsOf,
  toBucketWire,
  toDataWire,
  toReport,
  toReportedPoint,
  toReportedPoints,
} from './data.mapper.js';

/** The data of sensors (seed 004, 4.3.1). */
@Controller(`${API_ROOT}/data`)
export class DataController {
  constructor(
    private readonly telemetry: TelemetryService,
    private readonly streams: SseStreams,
  ) {}

  /** One point, or up to 1,000 as `items`; answered when they are on disk. */
  @Post('report')
  @HttpCode(200)
  @Requires('execute')
  async report(
    @Caller() who: Principal,
    @JsonBody(MAX_BODY) body: unknown,
    @Query() query: Params,
  ): Promise<ReportWire> {
    const strict = flag(query, 'strict');
    const items = itemsOf(body);
    return items ? this.reportMany(who, items, strict) : this.reportOne(who, body, strict);
  }

  @Get()
  async list(
    @Caller() who: Principal,
    @Query() query: Params,
  ): Promise<ListWire<DataWire> | { readonly items: readonly BucketWire[] }> {
    const buckets = toBucketQuery(query);
    if (!buckets) return toPointList(await this.telemetry.points(who, toPointQuery(query)), query);
    const items = (await this.telemetry.buckets(who, buckets)).map(toBucketWire);
    return { items: isDescending(query) ? items.reverse() : items };
  }

  /** The row where device and sensor are named; else the latest of each sensor, by sensor id. */
  @Get('latest')
  async latest(
    @Caller() who: Principal,
    @Query() query: Params,
  ): Promise<DataWire | { readonly items: readonly DataWire[]; readonly next_cursor: string | null }> {
    const { deviceId, sensorId } = toSource(query);
    if (deviceId !== undefined && sensorId !== undefined)
      return toDataWire(await this.telemetry.latest(who, deviceId, sensorId));
    const limit = toLimit(query);
    const found = await this.telemetry.allLatest(
      who,
      { deviceId, sensorId },
      limit + 1,
      text(query, 'cursor'),
    );
    const items = found.slice(0, limit).map(toDataWire);
    return { items, next_cursor: found.length > limit ? items.at(-1)!.sensor_id : null };
  }

  /** What arrives from now on, or after Last-Event-ID. */
  @Get('stream')
  stream(
    @Caller() who: Principal,
    @Query() query: Params,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() req: IncomingMessage,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const source = toSource(query);
    const after = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : undefined;
    return this.streams.serve(req, res, {
      open: (signal) => Promise.resolve(this.telemetry.watch(who, source, after, signal)),
      frame: (point) => sseFrame('data', JSON.stringify(toDataWire(point)), point.seq),
      expiresAt: who.expiresAt,
      credential: who.credential,
      namespace: who.namespace,
    });
  }

  @Get(':id')
  async point(@Caller() who: Principal, @Param('id') id: string): Promise<DataWire> {
    return toDataWire(await this.telemetry.point(who, id));
  }

  /** A single point is refused in its own words. */
  private async reportOne(who: Principal, body: unknown, strict: boolean): Promise<ReportWire> {
    const [outcome] = await this.telemetry.report(who, [toReportedPoint(body, strict)]);
    if (outcome instanceof GatewayError) throw outcome;
    return toReport([body], [outcome!]);
  }

  private async reportMany(who: Principal, items: readonly unknown[], strict: boolean): Promise<ReportWire> {
    const points = toReportedPoints(items, strict);
    const good = points.filter((point): point is ReportedPoint => !(point instanceof GatewayError));
    const outcomes = await this.telemetry.report(who, good);
    let next = 0;
    const all = points.map((point): PointOutcome =>
      point instanceof GatewayError ? point : outcomes[next++]!,
    );
    return toReport(items, all);
  }
}
