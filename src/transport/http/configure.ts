import type { NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { readFileSync } from 'node:fs';
import { GatewayError } from '../../core/errors.js';
import { GatewayHttpAdapter } from './adapter.js';
import { sendError } from './answer.js';
import { answerBrokenRequests } from './broken-request.js';
import { corsHandler } from './cors.js';
import { HttpErrorFilter } from './error-filter.js';
import { REQUEST_TIMEOUT } from './error-table.js';
import { BODY_LIMIT } from './json-body.js';
import { chooseRequestId, REQUEST_ID } from './request-context.js';
import { RequestDeadlines } from './request-deadline.js';
import { observeRequest, type RequestObserver } from './request-observer.js';
import { securityHeaders, type HeaderList } from './security-headers.js';

/** Node's own default is two minutes, in which a silent connection costs a socket and its TLS state. */
const HANDSHAKE_MS = 10_000;

/** What the listener needs of the configuration (`GatewayConfig` has it all). */
export interface ListenerSettings {
  readonly profile: string;
  readonly http: {
    readonly tlsCert?: string | undefined;
    readonly tlsKey?: string | undefined;
    /** Largest request body in bytes. */
    readonly bodyLimit: number;
    /** Time to response headers in milliseconds. */
    readonly requestTimeout: number;
    readonly corsOrigins: readonly string[] | '*';
    readonly trustProxy: false | number | readonly string[];
  };
}

/** The adapter for `NestFactory.create`; see {@link httpOptions}. */
export const httpAdapter = (config: ListenerSettings): GatewayHttpAdapter =>
  new GatewayHttpAdapter(config.http.requestTimeout);

/** The options for `NestFactory.create`: no body parsers (each route reads its own body), TLS as configured. */
export function httpOptions(config: ListenerSettings): NestApplicationOptions {
  const { tlsCert, tlsKey } = config.http;
  if (tlsCert === undefined || tlsKey === undefined) return { bodyParser: false };
  return {
    bodyParser: false,
    httpsOptions: {
      cert: readFileSync(tlsCert),
      key: readFileSync(tlsKey),
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_MS,
    } as object,
  };
}

/** Makes an application the gateway's HTTP listener; `observer` is told of every request. Call it before `app.init()` or `app.listen()`. */
export function configureHttp(
  app: NestExpressApplication,
  config: ListenerSettings,
  observer?: RequestObserver,
): void {
  const { http } = config;
  const sanitize = config.profile === 'production';
  const headers = securityHeaders(http.tlsCert !== undefined);
  const deadlines = new RequestDeadlines(http.requestTimeout, (res) => sendTimeout(res, http.requestTimeout));
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.set('trust proxy', http.trustProxy);
  app.set(BODY_LIMIT, http.bodyLimit);
  app.use(frontDoor(headers, deadlines, corsHandler(http.corsOrigins), observer));
  app.useGlobalFilters(new HttpErrorFilter(sanitize));
  answerBrokenRequests(app.getHttpServer(), headers, deadlines);
}

/** What every request passes first, in one step: its id, the security headers, its deadline, CORS. */
function frontDoor(
  headers: HeaderList,
  deadlines: RequestDeadlines,
  cors: RequestHandler,
  observer: RequestObserver | undefined,
): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    for (const [name, value] of headers) res.setHeader(name, value);
    res.setHeader(REQUEST_ID, chooseRequestId(req));
    deadlines.watch(req, res);
    if (observer) observeRequest(req, res, observer);
    // Express types handlers as void or Promise; this one answers or calls next.
    void cors(req, res, next);
  };
}

function sendTimeout(res: Parameters<typeof sendError>[0], limitMs: number): void {
  const error = new GatewayError('TIMEOUT', `no answer within ${limitMs} ms; what the request began goes on`);
  sendError(res, error, false, REQUEST_TIMEOUT);
}
