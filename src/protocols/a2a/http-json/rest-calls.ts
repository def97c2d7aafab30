import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '../../../core/principal.js';
import { sendNothing, sendText } from '../../../transport/http/answer.js';
import { BadJson, jsonOrWhyNot } from '../../../transport/http/json-body.js';
import { takesItsTime } from '../../../transport/http/request-deadline.js';
import { SseStreams } from '../../../transport/http/sse.js';
import { toOwnError } from '../handler/a2a-errors.js';
import { A2aHandlers } from '../handler/a2a-handlers.js';
import { EXTENSION_HEADERS, Extensions, namedExtensions } from '../handler/extensions.js';
import { opened, sseFrame } from '../handler/numbered.js';
import { aimed } from '../handler/target.js';
import type { Dialect } from '../requests/checks.wire.js';
import { a2aSdk, type Sdk } from '../sdk.js';
import { OPERATIONS_03 } from './operations-03.js';
import { OPERATIONS_10 } from './operations-10.js';
import { bodyObject, type Operation, type OperationName, type RestRequest } from './operations.js';
import { contentTypeOf, pathPart, queryOf, targetOf, versionOf } from './rest-request.js';

const TABLES = { '1.0': OPERATIONS_10, '0.3': OPERATIONS_03 } as const;
const NO_BYTES = Buffer.alloc(0);

/** One request of the HTTP+JSON bindings. */
export interface RestCall {
  readonly name: OperationName;
  readonly caller: Principal;
  readonly req: Request;
  readonly res: Response;
  /** Of the body; none where the operation has none. */
  readonly bytes?: Buffer;
}

/** Runs A2A's HTTP+JSON calls of 1.0 and 0.3. */
@Injectable()
export class RestCalls {
  constructor(
    private readonly handlers: A2aHandlers,
    private readonly streams: SseStreams,
    private readonly extensions: Extensions,
  ) {}

  /**
   * @param paths of which version the route's path is; 1.0 may be asked for on 0.3's paths too
   * @throws GatewayError, or an error of the SDK: both are for {@link RestErrorFilter}
   */
  async answer(paths: Dialect, call: RestCall): Promise<void> {
    const { req, res, name, bytes = NO_BYTES } = call;
    const sdk = await a2aSdk();
    const dialect = served(sdk, paths, versionOf(req));
    res.setHeader('a2a-version', dialect);
    takesItsTime(res);
    const body = bytes.length === 0 ? undefined : jsonOrWhyNot(bytes);
    if (body instanceof BadJson) throw body;
    const request: RestRequest = {
      taskId: pathPart(req, 'id') ?? '',
      configId: pathPart(req, 'config') ?? '',
      query: queryOf(req),
      body: bodyObject(body),
    };
    await this.run(sdk, dialect, TABLES[dialect][name], request, call);
  }

  private async run(
    sdk: Sdk,
    dialect: Dialect,
    operation: Operation,
    request: RestRequest,
    { caller, req, res }: RestCall,
  ): Promise<void> {
    const named = namedExtensions(req.get(EXTENSION_HEADERS[dialect]));
    const active = this.extensions.active(named);
    if (active.length > 0) res.setHeader(EXTENSION_HEADERS[dialect], active.join(', '));
    const handler = this.handlers.handlerFor(sdk, {
      caller,
      target: aimed(
        targetOf(req),
        pathPart(req, 'tenant') ?? request.body['tenant'] ?? request.query['tenant'],
      ),
      signal: hangUp(res),
      after: req.get('last-event-id'),
      idempotencyKey: req.get('idempotency-key'),
      dialect,
      extensions: named,
      toError: (thrown) => toOwnError(sdk.errors, thrown),
    });
    const call = new sdk.server.ServerCallContext({ requestedVersion: dialect });
    const context = { sdk, handler, call, request };
    if (operation.status !== 'events') {
      const answer = await operation.run(context);
      if (answer === undefined) sendNothing(res, operation.status);
      else sendText(res, operation.status, contentTypeOf(dialect), JSON.stringify(answer));
      return;
    }
    const items = await opened(await operation.run(context), handler);
    res.status(200); // Nest answers a POST with 201 unless it is told otherwise
    await this.streams.serve(req, res, {
      open: () => Promise.resolve(items),
      frame: ({ id, data }) => sseFrame(id, data),
      expiresAt: caller.expiresAt,
      credential: caller.credential,
      namespace: caller.namespace,
    });
  }
}

/** @throws VersionNotSupportedError */
function served({ errors }: Sdk, paths: Dialect, version: string | undefined): Dialect {
  if (version === undefined) return paths;
  if (version === '1.0') return '1.0';
  if (paths === '0.3' && (version === '0.3' || version === '0.3.0')) return '0.3';
  const allowed = paths === '0.3' ? '1.0, 0.3' : '1.0; 0.3 below /v1';
  throw new errors.VersionNotSupportedError(
    `A2A-Version: got ${JSON.stringify(version)}, allowed: ${allowed}`,
  );
}

function hangUp(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => controller.abort());
  return controller.signal;
}
