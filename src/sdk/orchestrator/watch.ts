import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { TaskEventWire } from '../../transport/orchestrator/orchestrator.wire.js';
import { Backoff, pause } from '../backoff.js';
import { GatewayRefusal, GatewayUnreachable } from './errors.js';
import type { GatewayHttp } from './http.js';

/** An event of a task's log with its place in it. */
export interface WatchedEvent {
  /** 1 for the first; dense. */
  readonly seq: number;
  readonly data: TaskEventWire;
}

export interface WatchOptions {
  /** The last event that the reader has; by default the log comes from its start. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

const ENDS: readonly string[] = ['completed', 'failed', 'canceled', 'rejected'];
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** The gateway does not know the position that it was asked for: the full log follows. */
const RESET = 'reset';

/**
 * A task's log from a position, then live, to its terminal event. A connection that breaks is opened anew after the last event
 * that came, so the reader sees every event once, in order. From the terminal event on there is nothing to see; from a position
 * that the log does not have, all of it.
 * @throws GatewayRefusal (no such task, token no longer good), or the reason of the signal
 */
export async function* watchTask(
  http: GatewayHttp,
  id: string,
  { after = 0, signal }: WatchOptions,
): AsyncGenerator<WatchedEvent, void, void> {
  const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  let seen = after;
  let from = after;
  for (;;) {
    try {
      for await (const event of openStream(http, id, from, signal)) {
        if (event === RESET) {
          seen = 0;
          continue;
        }
        if (event.seq > seen) {
          from = seen = event.seq;
          backoff.reset();
          yield event;
        }
        if (ENDS.includes(event.data.event)) return;
      }
      // The gateway had no more to say. The event that the reader has already tells whether the task had ended with it.
      from = Math.max(0, seen - 1);
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayGoOn(error)) throw error;
    }
    await pause(backoff.next(), signal);
  }
}

/** A broken connection or a gateway that restarts is no reason to give up; a refusal is. */
const mayGoOn = (error: unknown): boolean =>
  error instanceof GatewayUnreachable ||
  (error instanceof GatewayRefusal && (error.status === 429 || error.status >= 502));

async function* openStream(
  http: GatewayHttp,
  id: string,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchedEvent | typeof RESET, void, void> {
  const headers = { accept: 'text/event-stream', ...(after > 0 && { 'last-event-id': String(after) }) };
  const path = `/tasks/${encodeURIComponent(id)}/stream`;
  const response = await http.send({ path, headers, repeatable: true, signal });
  if (!response.body) return;
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { id: seq, event, data } of readable(events, response.url))
    if (event === RESET) yield RESET;
    else if (seq !== undefined) yield { seq: Number(seq), data: JSON.parse(data) as TaskEventWire };
}

/** What a stream brings; that it breaks off is no error of its reader. @throws GatewayUnreachable */
async function* readable<T>(stream: AsyncIterable<T>, url: string): AsyncGenerator<T, void, void> {
  try {
    yield* stream;
  } catch (error) {
    throw new GatewayUnreachable(url, error);
  }
}
