import type { A2aHandler } from './a2a-handler.js';

/** One event of a stream, in the form of its binding. */
export interface StreamItem {
  /** The task's own sequence. */
  readonly id: number;
  readonly data: object;
}

/** Opens a stream: what goes wrong before the first event is an answer, and no stream. */
export async function opened(
  stream: AsyncIterable<object>,
  handler: A2aHandler,
): Promise<AsyncIterable<StreamItem>> {
  const events = stream[Symbol.asyncIterator]();
  return numbered(await events.next(), events, handler);
}

async function* numbered(
  first: IteratorResult<object, unknown>,
  events: AsyncIterator<object>,
  handler: A2aHandler,
): AsyncGenerator<StreamItem, void, undefined> {
  try {
    for (let next = first; !next.done; next = await events.next())
      yield { id: handler.position, data: next.value };
  } finally {
    await events.return?.(); // a reader that leaves between two events leaves nothing behind
  }
}

/** Server-Sent Events carry the task's sequence as their id, so that `Last-Event-ID` resumes any stream. */
export const sseFrame = (id: number, data: object): string => `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
