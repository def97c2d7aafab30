import { isObject, type Json, type JsonObject } from '../../../core/json.js';

/** The shapes of the adk family where they differ from the standard (seeds 002 and 003). */

/** `status.message` is a text, where A2A has a message. */
export function withTextStatus(envelope: object): object {
  const { result } = envelope as { result?: unknown };
  if (!isObject(result) || !isObject(result['status'])) return envelope;
  return { ...envelope, result: { ...result, status: textStatus(result['status']) } };
}

function textStatus({ message, ...status }: JsonObject): JsonObject {
  const text = textOf(message);
  return text === '' ? status : { ...status, message: text };
}

const textOf = (message: unknown): string =>
  isObject(message) && Array.isArray(message['parts'])
    ? (message['parts'] as JsonObject[])
        .flatMap(({ text }) => (typeof text === 'string' ? [text] : []))
        .join('\n')
    : '';

const SETTLED: ReadonlySet<unknown> = new Set([
  'completed',
  'failed',
  'canceled',
  'rejected',
  'input-required',
  'auth-required',
]);

/**
 * A stream event of 0.3 in adk's shape: `finalUpdate` beside `final`, `append` and `lastChunk` always. It has no whole task: one
 * that has come further than its beginning (the message came before) is told by what its stream has shown.
 */
export function adkEvents(envelope: object): object[] {
  const { result } = envelope as { result?: unknown };
  if (!isObject(result)) return [envelope];
  return adkResults(result).map((one) => ({ ...envelope, result: one }));
}

function adkResults(result: JsonObject): JsonObject[] {
  const { kind, id, contextId, status, artifacts, final = false } = result;
  if (kind === 'artifact-update')
    return [{ ...result, append: result['append'] === true, lastChunk: result['lastChunk'] === true }];
  if (kind !== 'task') return [{ ...result, ...statusUpdate(status, final === true) }];
  const ids = { taskId: id ?? null, contextId: contextId ?? null };
  const isSettled = isObject(status) && SETTLED.has(status['state']);
  const made = (Array.isArray(artifacts) ? (artifacts as Json[]) : []).map((artifact) => ({
    ...ids,
    artifact,
    append: false,
    lastChunk: isSettled,
  }));
  const now = { ...ids, ...statusUpdate(status, isSettled) };
  if (!isSettled) return [now, ...made];
  const before = ['submitted', 'working'].map((state) => ({ ...ids, ...statusUpdate({ state }, false) }));
  return [...before, ...made, now];
}

const statusUpdate = (status: JsonObject[string] | undefined, final: boolean): JsonObject => ({
  status: isObject(status) ? textStatus(status) : {},
  final,
  finalUpdate: final,
});
