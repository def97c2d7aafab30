import { isObject, type JsonObject } from '../../../core/json.js';

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

/** A stream event of 0.3 in adk's shape: `finalUpdate` beside `final`, `append` and `lastChunk` always, no whole task. */
export function adkEvent(envelope: object): object {
  const { result } = envelope as { result?: unknown };
  if (!isObject(result)) return envelope;
  return { ...envelope, result: adkResult(result) };
}

function adkResult(result: JsonObject): JsonObject {
  const { kind, id, contextId, status, final = false } = result;
  if (kind === 'artifact-update')
    return { ...result, append: result['append'] === true, lastChunk: result['lastChunk'] === true };
  const update = kind === 'task' ? { taskId: id, contextId } : result;
  return { ...update, status: isObject(status) ? textStatus(status) : {}, final, finalUpdate: final };
}
