import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PublicUrl } from '../../config/public-url.js';
import { GatewayError } from '../../core/errors.js';
import { Public } from '../../engine/auth/oauth2.guard.js';
import { Unlimited } from '../../engine/limits/rate-limit.guard.js';
import type { ApiFragment } from '../../transport/openapi/fragment.js';
import { version } from '../../transport/version.js';
import { docsFile, DocsPages, type DocsFile } from './docs-pages.js';
import { openApiDocument } from './document.js';

/** Token of the list of all {@link ApiFragment}s, in the order of the document. */
export const API_FRAGMENTS = Symbol('API_FRAGMENTS');

/** The API document, and the page to try it on. Only there when `docs.enabled`. */
@Controller()
@Public()
@Unlimited()
export class DocsController {
  private readonly pages = new DocsPages();
  private document: DocsFile | undefined;

  constructor(
    private readonly publicUrl: PublicUrl,
    @Inject(API_FRAGMENTS) private readonly fragments: readonly ApiFragment[],
  ) {}

  @Get('openapi.json')
  openapi(@Req() req: Request, @Res() res: Response): void {
    send(req, res, (this.document ??= this.described()));
  }

  @Get('docs')
  async page(@Req() req: Request, @Res() res: Response): Promise<void> {
    // Addresses in the page are relative, and Express takes /docs/ for the same route.
    if (req.path.endsWith('/')) return res.redirect('../docs');
    send(req, res, await this.pages.file('index.html'));
  }

  @Get('docs/:file')
  async file(@Param('file') name: string, @Req() req: Request, @Res() res: Response): Promise<void> {
    send(req, res, await this.pages.file(name));
  }

  private described(): DocsFile {
    const document = openApiDocument(this.fragments, version, this.publicUrl.base);
    return docsFile('application/json; charset=utf-8', Buffer.from(JSON.stringify(document)));
  }
}

/**
 * The one page that this listener has: its own scripts and styles, calls to its own origin, nothing else. Swagger UI writes
 * styles into the page, which needs `unsafe-inline` for styles.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** @throws GatewayError NOT_FOUND */
function send(req: Request, res: Response, file: DocsFile | undefined): void {
  if (!file) throw new GatewayError('NOT_FOUND', 'there is no such route');
  res.setHeader('content-security-policy', POLICY);
  res.setHeader('cache-control', 'no-cache');
  res.setHeader('etag', file.etag);
  if (req.headers['if-none-match'] === file.etag) return void res.status(304).end();
  res.setHeader('content-type', file.type);
  res.end(file.bytes);
}
