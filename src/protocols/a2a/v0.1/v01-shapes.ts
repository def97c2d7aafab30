import { isObject, type Json, type JsonObject } from '../../../core/json.js';

/** Results of 0.3 in the shapes of 0.1: ids and sessions of the client's, parts with `type`, events without a `kind`. */
export interface V01Names {
  /** The id that the client has made. */
  readonly id: string;
  readonly sessionId: string;
}

/** States that 0.1 does not have, in its nearest words. */
const STATES: Readonly<Record<string, string>> = { rejected: 'failed', 'auth-required': 'input-required' };
const FINAL = new Set(['completed', 'canceled', 'failed']);

/** A task, a message or a push configuration, as the result of a call. */
export function resultOf(result: Json | undefined, names: V01Names): Json {
  if (!isObject(result)) return result ?? null;
  const { kind, pushNotificationConfig } = result;
  if (pushNotificationConfig !== undefined) return { id: names.id, pushNotificationConfig };
  // An agent that answered by words alone: 0.1 knows tasks only.
  if (kind === 'message') return { ...names, status: { state: 'completed', message: messageOf(result) } };
  return taskOf(result, names);
}

function taskOf({ status, artifacts, history, metadata }: JsonObject, names: V01Names): JsonObject {
  return {
    ...names,
    status: statusOf(status),
    artifacts: listOf(artifacts, (artifact, index) => artifactOf(artifact, index)),
    history: listOf(history, messageOf),
    ...(metadata !== undefined && { metadata }),
  };
}

/** An event of a stream. */
export function eventOf(result: Json | undefined, { id }: V01Names): Json {
  if (!isObject(result)) return result ?? null;
  const { kind, artifact, append = false, lastChunk = false, final, metadata } = result;
  const own = metadata === undefined ? {} : { metadata };
  if (kind === 'artifact-update')
    return { id, artifact: { ...artifactOf(artifact, 0), append, lastChunk }, ...own };
  const status =
    kind === 'message' ? { state: 'completed', message: messageOf(result) } : statusOf(result['status']);
  return { id, status, final: final ?? FINAL.has(textOf(status['state'])), ...own };
}

function statusOf(status: Json | undefined): JsonObject {
  const { state, message, ...rest } = objectOf(status);
  const word = textOf(state);
  return { ...rest, state: STATES[word] ?? word, ...(isObject(message) && { message: messageOf(message) }) };
}

const messageOf = ({ role, parts, metadata }: JsonObject): JsonObject => ({
  role: role ?? 'agent',
  parts: listOf(parts, partOf),
  ...(metadata !== undefined && { metadata }),
});

function artifactOf(artifact: Json | undefined, index: number): JsonObject {
  const { name, description, parts, metadata } = objectOf(artifact);
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    parts: listOf(parts, partOf),
    index,
    ...(metadata !== undefined && { metadata }),
  };
}

const partOf = ({ kind, ...rest }: JsonObject): JsonObject => ({ type: kind, ...rest });

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const listOf = (
  value: Json | undefined,
  each: (item: JsonObject, index: number) => JsonObject,
): JsonObject[] => (Array.isArray(value) ? value.filter(isObject).map(each) : []);
