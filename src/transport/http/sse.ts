import { Logger } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import { Quota } from '../../core/quota.js';
import { SseStream, type StreamLimits } from './sse-stream.js';

/** Looks per keep-alive period. */
const TICKS_PER_PERIOD = 4;
/** A reader that takes nothing for this long is cut; it comes back with its Last-Event-ID. */
export const STALL_LIMIT_MS = 30_000;
/** What subscribers are told to wait before they come back after a shutdown. */
const RETRY_MS = 1_000;

/** Where a stream's events come from. */
export interface EventFeed<T> {
  /**
   * Opens the feed; what it throws is answered as an ordinary error, since nothing has been sent yet.
   * @param signal aborted when the subscriber is gone: the feed must end then
   */
  open(signal: AbortSignal): Promise<AsyncIterable<T>>;
  /** One item as text; see `sseFrame`. */
  frame(item: T): string;
  /** The end of the subscriber's credential, milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
  /** Whose stream it is, for the quota. */
  readonly namespace?: Namespace | null;
  /** The subscriber's credential, where it can be withdrawn; see {@link SseStreams.endThoseOf}. */
  readonly credential?: string | undefined;
}

interface Owner {
  readonly namespace: Namespace | null;
  readonly credential: string | undefined;
}

/** Every open event stream: one timer keeps them all alive. */
export class SseStreams {
  private readonly logger = new Logger('SSE');
  private readonly open = new Map<SseStream, Owner>();
  private readonly tickMs: number;
  private readonly limits: StreamLimits;
  private timer: Timer | undefined;
  private closing = false;

  /** @param keepaliveMs a comment goes out at least this often on an idle stream */
  constructor(
    private readonly clock: Clock,
    keepaliveMs: number,
    stallMs: number = STALL_LIMIT_MS,
    private readonly quota: Quota = new Quota('event streams', undefined),
  ) {
    this.limits = { keepalive: keepaliveMs, stall: stallMs };
    this.tickMs = Math.max(1, Math.min(keepaliveMs, stallMs) / TICKS_PER_PERIOD);
  }

  get size(): number {
    return this.open.size;
  }

  /**
   * Counts a stream of another transport against its namespace's quota.
   * @returns gives it back
   * @throws GatewayError RATE_LIMITED when the namespace has all that it may have
   */
  hold(namespace: Namespace | null): () => void {
    this.quota.take(namespace);
    return () => this.quota.release(namespace);
  }

  /** Answers a request with an event stream; resolves when it is over. */
  async serve<T>(req: IncomingMessage, res: ServerResponse, feed: EventFeed<T>): Promise<void> {
    if (this.closing) throw new GatewayError('OVERLOADED', 'the gateway is stopping', { retryAfterS: 1 });
    const { namespace = null, credential } = feed;
    this.quota.take(namespace);
    const stream = new SseStream(res, this.clock, this.limits, (gone) => this.remove(gone));
    this.add(stream, { namespace, credential });
    try {
      const items = await feed.open(stream.signal);
      if (feed.expiresAt !== undefined) stream.endAt(feed.expiresAt);
      await stream.pump(req.method === 'HEAD' ? nothing() : items, (item) => feed.frame(item));
    } catch (error) {
      this.fail(stream, res, error);
    }
  }

  /** Ends every stream with a word on when to come back; later requests are refused. */
  endAll(): void {
    this.closing = true;
    for (const stream of this.open.keys()) stream.end(`retry: ${RETRY_MS}\n\n`);
  }

  /** Ends the streams that were opened with a credential: it has been withdrawn. */
  endThoseOf(credential: string): void {
    for (const [stream, owner] of this.open) if (owner.credential === credential) stream.end();
  }

  /** Before the headers an error is an answer; after them the stream breaks off and the reader resumes by id. */
  private fail(stream: SseStream, res: ServerResponse, error: unknown): void {
    if (!res.headersSent) {
      this.remove(stream);
      throw error;
    }
    if (!res.destroyed) this.logger.error(`stream broken off: ${String(error)}`);
    stream.cut();
  }

  private add(stream: SseStream, owner: Owner): void {
    this.open.set(stream, owner);
    this.timer ??= this.clock.after(this.tickMs, () => this.tick());
  }

  private remove(stream: SseStream): void {
    const owner = this.open.get(stream);
    if (!owner) return;
    this.open.delete(stream);
    this.quota.release(owner.namespace);
    if (this.open.size > 0) return;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private tick(): void {
    const now = this.clock.now();
    for (const stream of this.open.keys()) stream.tick(now);
    this.timer = this.open.size > 0 ? this.clock.after(this.tickMs, () => this.tick()) : undefined;
  }
}

async function* nothing(): AsyncGenerator<never> {
  // HEAD: the headers of the stream, and no stream.
}
