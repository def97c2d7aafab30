import { OutgoingError } from '../../core/outgoing-http.js';
import type { Call } from './call.js';
import { toOutgoingError } from './failure.js';

export interface BodyLimits {
  readonly maxBytes?: number | undefined;
  /** Longest silence while somebody waits for the next chunk, milliseconds; absent: the call's own time goes on. */
  readonly idleMs?: number | undefined;
}

/** A body whose size is counted as it comes. Leaving the loop ends the call. */
export async function* boundedBody(
  body: AsyncIterable<Uint8Array>,
  { maxBytes = Infinity, idleMs }: BodyLimits,
  call: Call,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  try {
    for await (const chunk of body) {
      if (idleMs !== undefined) call.pause();
      size += chunk.length;
      if (size > maxBytes)
        throw new OutgoingError('too_large', `the answer is larger than ${maxBytes} bytes`);
      yield chunk;
      if (idleMs !== undefined) call.within(idleMs, 'silence');
    }
  } catch (error) {
    throw call.cutBy ?? toOutgoingError(error);
  } finally {
    call.over();
  }
}

/** The whole of a body as UTF-8 text. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
