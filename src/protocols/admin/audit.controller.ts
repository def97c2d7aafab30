import { Controller, Get, Headers, Logger, Query, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AuditEntry } from '../../core/audit.js';
import type { Principal } from '../../core/principal.js';
import { AuditReader } from '../../engine/audit/audit-reader.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { sendJson } from '../../transport/http/answer.js';
import { checked } from '../../transport/http/checked.js';
import { toLines, toPage } from './audit.mapper.js';
import { AuditFilterQuery, AuditQuery, toFilter } from './audit.query.js';

const LINES = 'application/x-ndjson';

/** Who did what, for the admins of a namespace (spec: enterprise layer). */
@Controller('audit')
@Requires('admin')
export class AuditController {
  private readonly logger = new Logger('Audit');

  constructor(private readonly reader: AuditReader) {}

  /** A page, newest first; with `Accept: application/x-ndjson` everything, as {@link export}. */
  @Get()
  async list(
    @Caller() who: Principal,
    @Query(checked) query: AuditQuery,
    @Headers('accept') accept: string | undefined,
    @Res() res: ServerResponse,
  ): Promise<void> {
    if (accept?.includes(LINES)) return this.export(who, query, res);
    const { cursor, limit } = query;
    const before = cursor === undefined ? undefined : Number(cursor);
    sendJson(res, 200, toPage(await this.reader.page(who, { ...toFilter(query), before, limit })));
  }

  /** Everything that matches as JSON lines, oldest first. */
  @Get('export')
  async export(
    @Caller() who: Principal,
    @Query(checked) query: AuditFilterQuery,
    @Res() res: ServerResponse,
  ): Promise<void> {
    const slices = await this.reader.export(who, toFilter(query));
    res.setHeader('content-type', LINES);
    // A reader that takes nothing holds one slice and its place.
    await pipeline(Readable.from(linesOf(slices)), res).catch((error: unknown) =>
      this.logger.warn(`export broken off: ${String(error)}`),
    );
  }
}

async function* linesOf(slices: AsyncIterable<readonly AuditEntry[]>): AsyncGenerator<string> {
  for await (const slice of slices) yield toLines(slice);
}
