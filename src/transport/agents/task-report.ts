import { excerpt, invalid } from '../../core/errors.js';
import { isObject, type JsonObject } from '../../core/json.js';
import type { Artifact, Message, Progress, TaskReport } from '../../core/task.js';
import { withType } from './parts.js';

const MAX_TEXT = 65_536;
const MAX_ARTIFACT_ID = 256;
/** An agent may write them as A2A does, with a hyphen. */
const STATUSES: Readonly<Record<string, TaskReport['status']>> = {
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  rejected: 'rejected',
  input_required: 'input_required',
  auth_required: 'auth_required',
  'input-required': 'input_required',
  'auth-required': 'auth_required',
};
const STATUS_WORDS = [...new Set(Object.values(STATUSES))].join(', ');

/** The status that is meant; undefined for anything else. */
const statusIn = (value: unknown): TaskReport['status'] | undefined =>
  typeof value === 'string' && Object.hasOwn(STATUSES, value) ? STATUSES[value] : undefined;

/** Whether something is said about a task at all: the answer of a webhook may be any JSON. */
export const saysStatus = (value: unknown): value is JsonObject =>
  isObject(value) && statusIn(value['status']) !== undefined;

/**
 * What an agent says about a task, whatever it says it by: status, progress, words, artifact, error.
 * @param at what stands before the names of fields in errors, e.g. `params.`
 * @throws GatewayError INVALID naming the field
 */
export function toTaskReport(fields: JsonObject, at = ''): TaskReport {
  const { artifact, append, last_chunk: lastChunk, error, attempt } = fields;
  const status = statusIn(fields['status']);
  if (!status) throw invalid(`${at}status`, fields['status'], STATUS_WORDS);
  const progress = toProgress(fields, at);
  const message = toSaid(fields, progress, at);
  return {
    status,
    ...(progress ? { progress } : {}),
    ...(message === undefined ? {} : { message }),
    ...(artifact === undefined || artifact === null ? {} : { artifact: toArtifact(artifact, at) }),
    ...flag('append', append, at),
    ...flag('lastChunk', lastChunk, at),
    ...(error === undefined || error === null ? {} : { error: errorText(error) }),
    ...(typeof attempt === 'number' ? { attempt } : {}),
  };
}

function optionalText(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > MAX_TEXT)
    throw invalid(field, value, `a string of at most ${MAX_TEXT} characters`);
  return value;
}

/** With `pct` (or `progress`) a report is progress; out of range is brought into it, as agents count in their own ways. */
function toProgress({ pct, progress, message }: JsonObject, at: string): Progress | undefined {
  const value = pct ?? progress;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw invalid(`${at}pct`, value, 'a number from 0 to 100');
  const text = isObject(message) ? undefined : optionalText(`${at}message`, message);
  return { pct: Math.min(100, Math.max(0, value)), ...(text === undefined ? {} : { message: text }) };
}

/** What the agent says; words that belong to progress stay with it. An empty text says nothing. */
function toSaid(
  { message }: JsonObject,
  progress: Progress | undefined,
  at: string,
): Message | string | undefined {
  if (!isObject(message)) {
    const text = optionalText(`${at}message`, message);
    return progress || text === '' ? undefined : text;
  }
  const { role = 'agent', parts } = message;
  if (role !== 'user' && role !== 'agent') throw invalid(`${at}message.role`, role, 'agent');
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isObject))
    throw invalid(`${at}message.parts`, parts, 'an array of at least one part');
  checkTexts(`${at}message.parts`, parts);
  return { ...message, role, parts: parts.map(withType) };
}

/** A plain string stands for its text; the id may be written as A2A does. */
function toArtifact(value: unknown, at: string): Artifact {
  if (typeof value === 'string') return { text: value };
  if (!isObject(value)) throw invalid(`${at}artifact`, value, 'an object');
  const { artifactId, artifact_id: id = artifactId, ...rest } = value;
  const { text, parts } = rest;
  if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > MAX_ARTIFACT_ID))
    throw invalid(`${at}artifact.artifact_id`, id, `a string of 1 to ${MAX_ARTIFACT_ID} characters`);
  if (text !== undefined && typeof text !== 'string') throw invalid(`${at}artifact.text`, text, 'a string');
  if (parts !== undefined && !(Array.isArray(parts) && parts.every(isObject)))
    throw invalid(`${at}artifact.parts`, parts, 'an array of parts');
  return id === undefined ? rest : { artifact_id: id, ...rest };
}

function checkTexts(field: string, parts: readonly JsonObject[]): void {
  parts.forEach(({ text }, i) => {
    if (text !== undefined && typeof text !== 'string')
      throw invalid(`${field}[${i}].text`, text, 'a string');
  });
}

function flag<Name extends 'append' | 'lastChunk'>(
  name: Name,
  value: unknown,
  at: string,
): { readonly [key in Name]?: boolean } {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'boolean') throw invalid(`${at}${name}`, value, 'true or false');
  return { [name]: value } as { readonly [key in Name]?: boolean };
}

/** Agents say it as a string or as an object with a message. */
export function errorText(error: unknown): string {
  const text = isObject(error) && typeof error['message'] === 'string' ? error['message'] : error;
  return (typeof text === 'string' ? text : excerpt(text)).slice(0, MAX_TEXT);
}
