import { excerpt, invalid } from '../../core/errors.js';
import { isObject, type JsonObject } from '../../core/json.js';
import type { Artifact, Progress, TaskReport } from '../../core/task.js';

const STATUSES = ['running', 'completed', 'failed'] as const;
const MAX_TEXT = 65_536;

/** Whether something is said about a task at all: an answer may be any JSON. */
export const saysStatus = (value: unknown): value is JsonObject =>
  isObject(value) && STATUSES.some((status) => status === value['status']);

/** What an agent says about a task, the id apart: status, progress, artifact, error. @throws GatewayError INVALID naming the field */
export function toTaskReport(fields: JsonObject): TaskReport {
  const { status, artifact, append, last_chunk: lastChunk, error, attempt } = fields;
  if (!STATUSES.some((allowed) => allowed === status)) throw invalid('status', status, STATUSES.join(', '));
  const progress = toProgress(fields);
  return {
    status: status as TaskReport['status'],
    ...(progress ? { progress } : {}),
    ...(artifact === undefined || artifact === null ? {} : { artifact: toArtifact(artifact) }),
    ...flag('append', append),
    ...flag('lastChunk', lastChunk),
    ...(error === undefined || error === null ? {} : { error: errorText(error) }),
    ...(typeof attempt === 'number' ? { attempt } : {}),
  };
}

/** With `pct` (or `progress`) a report is progress; out of range is brought into it, as agents count in their own ways. */
function toProgress({ pct, progress, message }: JsonObject): Progress | undefined {
  const value = pct ?? progress;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw invalid('pct', value, 'a number from 0 to 100');
  if (message !== undefined && message !== null && (typeof message !== 'string' || message.length > MAX_TEXT))
    throw invalid('message', message, `a string of at most ${MAX_TEXT} characters`);
  return { pct: Math.min(100, Math.max(0, value)), ...(message ? { message } : {}) };
}

/** A plain string stands for its text. */
function toArtifact(value: unknown): Artifact {
  if (typeof value === 'string') return { text: value };
  if (!isObject(value)) throw invalid('artifact', value, 'an object');
  const { text, parts } = value;
  if (text !== undefined && typeof text !== 'string') throw invalid('artifact.text', text, 'a string');
  if (parts !== undefined && !(Array.isArray(parts) && parts.every(isObject)))
    throw invalid('artifact.parts', parts, 'an array of parts');
  return value;
}

function flag<Name extends 'append' | 'lastChunk'>(
  name: Name,
  value: unknown,
): { readonly [key in Name]?: boolean } {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'boolean') throw invalid(name, value, 'true or false');
  return { [name]: value } as { readonly [key in Name]?: boolean };
}

/** Agents say it as a string or as an object with a message. */
function errorText(error: unknown): string {
  const text = isObject(error) && typeof error['message'] === 'string' ? error['message'] : error;
  return (typeof text === 'string' ? text : excerpt(text)).slice(0, MAX_TEXT);
}
