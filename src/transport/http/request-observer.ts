import type { Request, Response } from 'express';
import type { GatewayError } from '../../core/errors.js';
import { refusalOf } from './answer.js';
import { requestIdOf } from './request-context.js';

/** A request that has been answered, or whose caller has gone. */
export interface AnsweredRequest {
  readonly method: string;
  /** The route's template such as `/tasks/:id`; undefined where nothing serves the path. */
  readonly route: string | undefined;
  readonly status: number;
  /** Milliseconds from the request's headers to the end of the answer. */
  readonly ms: number;
  readonly requestId: string;
  /** Trace id of the caller's `traceparent` (W3C Trace Context). */
  readonly traceId: string | undefined;
  /** The answer is an event stream: `ms` is how long somebody listened. */
  readonly isStream: boolean;
  /** The caller had gone before the answer was complete. */
  readonly aborted: boolean;
  /** As the front door got it. */
  readonly request: Request;
  /** Why it was refused, if it was. */
  readonly refusal: GatewayError | undefined;
}

/** Told of every request, when it is over. */
export type RequestObserver = (request: AnsweredRequest) => void;

/** Begins to watch a request. */
export function observeRequest(req: Request, res: Response, tell: RequestObserver): void {
  const begin = performance.now();
  res.once('close', () => {
    const route = req.route as { path?: unknown } | undefined;
    tell({
      method: req.method,
      route: typeof route?.path === 'string' ? route.path : undefined,
      status: res.statusCode,
      ms: performance.now() - begin,
      requestId: requestIdOf(res),
      traceId: traceIdOf(req.headers['traceparent']),
      isStream: String(res.getHeader('content-type')).startsWith('text/event-stream'),
      aborted: !res.writableFinished,
      request: req,
      refusal: refusalOf(res),
    });
  });
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const traceIdOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? TRACEPARENT.exec(header)?.[1] : undefined;
