import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests whose answer is allowed to take longer. */
const patient = new WeakSet<ServerResponse>();

/** The caller waits for something that takes its own time: no 408. */
export const takesItsTime = (res: ServerResponse): void => void patient.add(res);

interface Current {
  res: ServerResponse | undefined;
  since: number;
}

/**
 * Time to response headers. One sweep over the open connections instead of a timer and a listener per request: a connection
 * answers one request at a time, so that is all there is to watch. Streams have sent their headers and are left alone.
 */
export class RequestDeadlines {
  private readonly connections = new Map<Socket, Current>();
  private sweeper: NodeJS.Timeout | undefined;

  /**
   * @param limitMs time to response headers in milliseconds
   * @param late called once per request that is over it and unanswered; must answer it
   */
  constructor(
    private readonly limitMs: number,
    private readonly late: (res: ServerResponse) => void,
  ) {}

  /** Starts the clock of a request. A pipelined one waits for those before it, so the oldest counts. */
  watch(req: IncomingMessage, res: ServerResponse): void {
    const current = this.connections.get(req.socket) ?? this.adopt(req.socket);
    if (current.res !== undefined && isOpen(current.res)) return;
    current.res = res;
    current.since = performance.now();
  }

  /** Whether an answer is under way on this connection: nothing else may be written on it then. */
  isAnswering(socket: Socket): boolean {
    const res = this.connections.get(socket)?.res;
    return res !== undefined && res.headersSent && !res.writableFinished;
  }

  private adopt(socket: Socket): Current {
    const current: Current = { res: undefined, since: 0 };
    this.connections.set(socket, current);
    socket.once('close', () => this.drop(socket));
    this.sweeper ??= setInterval(
      () => this.sweep(),
      Math.min(1_000, Math.max(10, this.limitMs / 20)),
    ).unref();
    return current;
  }

  private drop(socket: Socket): void {
    this.connections.delete(socket);
    if (this.connections.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private sweep(): void {
    const oldest = performance.now() - this.limitMs;
    for (const current of this.connections.values()) {
      const { res } = current;
      if (res === undefined) continue;
      if (res.writableFinished || res.destroyed) current.res = undefined;
      else if (!res.headersSent && current.since <= oldest && !patient.has(res)) this.late(res);
    }
  }
}

const isOpen = (res: ServerResponse): boolean => !res.headersSent && !res.destroyed;
