import { Injectable, Logger } from '@nestjs/common';
import { LogConfig, writesDebug } from '../config/log.config.js';
import type { AnsweredRequest } from '../transport/http/request-observer.js';
import { AuditWatch } from './audit/audit-watch.js';
import { Metrics } from './metrics/metrics.js';

/** Node's parser knows some thirty methods; labels need fewer. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * What operators learn of each request: a duration by route, and a line in the log. Answers of 500 and above are written at
 * `warn`, other refusals at `info`, the rest at `debug`: a line per request would cost more than the request's routing.
 */
@Injectable()
export class RequestWatch {
  private readonly logger = new Logger('Request');

  /** Whether requests that went well are written: asked here, because most often they are not, and there are many. */
  private readonly writesAll: boolean;

  constructor(
    private readonly metrics: Metrics,
    private readonly audit: AuditWatch,
    log: LogConfig,
  ) {
    this.writesAll = writesDebug(log);
  }

  /** Called once for each answered request. */
  readonly tell = (request: AnsweredRequest): void => {
    const { method, route = 'none', status, ms, isStream } = request;
    const labels = { method: METHODS.has(method) ? method : 'other', route, status: String(status) };
    if (!isStream) this.metrics.httpSeconds.observe(labels, ms / 1000);
    if (status >= 400 || this.writesAll) this.write(request);
    this.audit.answered(request);
  };

  private write({ method, route = 'none', status, ms, requestId, traceId, aborted }: AnsweredRequest): void {
    const line = {
      msg: `${method} ${route} ${status}`,
      request_id: requestId,
      ...(traceId !== undefined && { trace_id: traceId }),
      method,
      route,
      status,
      ms: Math.round(ms * 10) / 10,
      ...(aborted && { aborted }),
    };
    if (status >= 500) this.logger.warn(line);
    else if (status >= 400) this.logger.log(line);
    else this.logger.debug(line);
  }
}
