import { StreamableFile, type NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Response } from 'express';
import { createServer, IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { JSON_TYPE, sendNothing, sendText } from './answer.js';

/** Time for the request line and headers. */
const HEADERS_TIMEOUT_MS = 10_000;
/** A request that is still being sent this long after its answer was due is cut. */
const SLOW_SENDER_MS = 5_000;
/** How often Node looks for connections over those times. */
const CHECK_INTERVAL_MS = 1_000;
/** Idle connections are kept this long: longer than the usual 60 s of load balancers, so that they close first. */
const KEEP_ALIVE_MS = 65_000;
/** Open connections; more are refused. */
const MAX_CONNECTIONS = 20_000;
const MAX_HEADERS = 100;

/**
 * Express as Nest uses it, made lean:
 * - answers are one string with its length (Express' `res.json` looks for etags, freshness and charset each time);
 * - requests and responses are born with the application's prototypes. Express swaps the prototypes of both objects on every
 *   request, which throws them out of V8's fast paths; swapping for the same prototype costs nothing.
 */
export class GatewayHttpAdapter extends ExpressAdapter {
  /** @param requestTimeoutMs time to response headers; see RequestDeadlines. */
  constructor(private readonly requestTimeoutMs: number) {
    super();
  }

  override reply(response: Response, body: unknown, statusCode?: number): void {
    const status = statusCode ?? response.statusCode;
    if (body === undefined || body === null) sendNothing(response, status);
    else if (body instanceof StreamableFile) super.reply(response, body, statusCode);
    else if (typeof body === 'object') sendText(response, status, JSON_TYPE, JSON.stringify(body));
    else
      sendText(
        response,
        status,
        contentTypeOf(response),
        typeof body === 'string' ? body : JSON.stringify(body),
      );
  }

  override initHttpServer(options: NestApplicationOptions): void {
    const app = this.getInstance<Express>();
    const serverOptions = { ...bornAs(app), ...this.timeouts() };
    this.httpServer = options.httpsOptions
      ? createTlsServer({ ...options.httpsOptions, ...serverOptions }, app)
      : createServer(serverOptions, app);
    this.httpServer.maxConnections = MAX_CONNECTIONS;
    this.httpServer.maxHeadersCount = MAX_HEADERS;
  }

  private timeouts(): ServerOptions {
    const requestTimeout = this.requestTimeoutMs + SLOW_SENDER_MS;
    return {
      requestTimeout,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
  }
}

function contentTypeOf(response: Response): string {
  const type = response.getHeader('content-type');
  return typeof type === 'string' ? type : 'text/plain; charset=utf-8';
}

/** Constructors whose instances have the prototypes that Express would give them. */
function bornAs(app: Express): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  return {
    IncomingMessage: withPrototype(IncomingMessage, app.request),
    ServerResponse: withPrototype(ServerResponse, app.response),
  };
}

function withPrototype<T>(base: T, prototype: object): T {
  function Born(...args: unknown[]): unknown {
    return Reflect.construct(base as () => void, args, Born);
  }
  Born.prototype = prototype;
  return Born as T;
}
