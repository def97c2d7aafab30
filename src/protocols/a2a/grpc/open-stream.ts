import type { Metadata, ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { Refusal } from './grpc-refusal.js';

/** A call whose answers are a stream, of any of the services. */
export type StreamCall = ServerWritableStream<unknown, unknown>;

/**
 * What the SDK's services use of a streaming call, and no more: here its end can be said in the gateway's words, and its reader's
 * pace is known.
 */
export class OpenStream {
  private closed = false;

  /** @param reword an error of the service as what the caller gets */
  constructor(
    private readonly call: StreamCall,
    private readonly reword: (error: Refusal) => Refusal,
  ) {}

  get request(): unknown {
    return this.call.request;
  }

  get metadata(): Metadata {
    return this.call.metadata;
  }

  sendMetadata(metadata: Metadata): void {
    this.call.sendMetadata(metadata);
  }

  write(event: unknown): boolean {
    return !this.closed && this.call.write(event);
  }

  /** The SDK reports an error as this event; it ends the call. */
  emit(_: 'error', error: Refusal): boolean {
    return this.fail(this.reword(error));
  }

  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.call.end();
  }

  /** Ends the call with a status. @returns whether it was open */
  fail(refusal: Refusal): boolean {
    if (this.closed) return false;
    this.closed = true;
    return this.call.emit('error', refusal);
  }

  /** Resolves when the reader has room, or has gone. */
  async drained(): Promise<void> {
    if (this.closed || this.call.cancelled || !this.call.writableNeedDrain) return;
    const gone = new AbortController();
    const stop = (): void => gone.abort();
    this.call.once('cancelled', stop).once('close', stop);
    await once(this.call, 'drain', { signal: gone.signal }).catch(() => undefined);
    this.call.off('cancelled', stop).off('close', stop);
  }
}
