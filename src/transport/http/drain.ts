import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import type { SseStreams } from './sse.js';

/** How often connections that have become idle are closed while draining. */
const SWEEP_MS = 50;
/** Share of the budget for requests under way; the rest is for what closes after the listener (storage). */
const SHARE = 0.8;

/**
 * Lets the HTTP listener close: Nest waits for every connection to end, and neither keep-alive connections nor event streams
 * end on their own. Streams are ended, requests under way are answered, idle connections are closed; what is left is cut.
 */
export class HttpDrain implements BeforeApplicationShutdown {
  /** @param timeoutMs budget of the whole shutdown */
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly streams: SseStreams,
    private readonly timeoutMs: number,
  ) {}

  beforeApplicationShutdown(): void {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    this.streams.endAll();
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const force = setTimeout(() => server.closeAllConnections(), this.timeoutMs * SHARE);
    const done = (): void => {
      clearInterval(sweep);
      clearTimeout(force);
    };
    if (server.listening) server.once('close', done);
    else done();
  }
}
