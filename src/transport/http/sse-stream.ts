import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../core/clock.js';

/** Text that waits for the end of the tick is written at once beyond this length. */
const WRITE_NOW_CHARS = 32_768;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** Why a feed is aborted; given, because making a new one each time (with its stack) is dear. */
const GONE = new Error('the subscriber is gone');

/** How one stream behaves in time; milliseconds. */
export interface StreamLimits {
  /** A comment goes out at least this often. */
  readonly keepalive: number;
  /** A reader that takes nothing for this long is cut. */
  readonly stall: number;
}

/**
 * One subscriber. It pulls: the next event is asked for when the one before is on its way, so a reader that stalls holds what is
 * in its socket's buffer and its position, nothing more. Events that are there already go out in one write.
 */
export class SseStream {
  private readonly hangUp = new AbortController();
  private text = '';
  private flushing = false;
  private closed = false;
  /** The feed has ended by itself: nobody is left to abort. */
  private complete = false;
  private lastWrite: number;
  private stalledSince: number | undefined;
  private drained: (() => void) | undefined;
  private expiry: Timer | undefined;

  /** @param gone called once, when the response is over for whatever reason */
  constructor(
    private readonly res: ServerResponse,
    private readonly clock: Clock,
    private readonly limits: StreamLimits,
    gone: (stream: SseStream) => void,
  ) {
    this.lastWrite = clock.now();
    res.on('drain', () => this.resume());
    res.on('close', () => {
      this.stop();
      gone(this);
    });
  }

  /** Aborted when the subscriber is gone or the stream is ended from this side. */
  get signal(): AbortSignal {
    return this.hangUp.signal;
  }

  /** Sends every item, then ends the response. Headers go out at once, also where no event does. */
  async pump<T>(items: AsyncIterable<T>, frame: (item: T) => string): Promise<void> {
    for (const name in HEADERS) this.res.setHeader(name, HEADERS[name as keyof typeof HEADERS]);
    this.flushSoon();
    for await (const item of items) {
      this.add(frame(item));
      if (this.stalledSince !== undefined) await new Promise<void>((resolve) => (this.drained = resolve));
      if (this.closed) return;
    }
    this.complete = true;
    this.end();
  }

  /** Ends the stream at a moment (the end of the credential). */
  endAt(moment: number): void {
    const left = moment - this.clock.now();
    if (left <= 0) this.end();
    else this.expiry = this.clock.after(left, () => this.endAt(moment));
  }

  /** Ends the stream after `last`. */
  end(last = ''): void {
    if (this.closed) return;
    const text = this.text + last;
    this.text = '';
    this.stop();
    this.res.end(text);
  }

  /** Cuts the connection. */
  cut(): void {
    this.stop();
    this.res.destroy();
  }

  /** Called a few times per keep-alive period: keeps an idle stream alive, cuts a stalled one. */
  tick(now: number): void {
    if (this.closed) return;
    if (this.stalledSince === undefined) {
      if (now - this.lastWrite >= this.limits.keepalive / 2) this.write(': keep-alive\n\n');
    } else if (now - this.stalledSince >= this.limits.stall) this.cut();
  }

  private add(text: string): void {
    if (this.closed) return;
    this.text += text;
    if (this.text.length >= WRITE_NOW_CHARS) this.flush();
    else this.flushSoon();
  }

  /** Ticks run after all microtasks, so everything that is ready now is collected first. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    process.nextTick(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    if (this.closed) return;
    const { text } = this;
    this.text = '';
    if (text !== '') this.write(text);
    else if (!this.res.headersSent) this.res.flushHeaders();
  }

  private write(text: string): void {
    this.lastWrite = this.clock.now();
    if (!this.res.write(text)) this.stalledSince ??= this.lastWrite;
  }

  private resume(): void {
    this.stalledSince = undefined;
    this.drained?.();
    this.drained = undefined;
  }

  private stop(): void {
    if (this.closed) return;
    this.closed = true;
    this.expiry?.cancel();
    if (!this.complete) this.hangUp.abort(GONE);
    this.resume();
  }
}
