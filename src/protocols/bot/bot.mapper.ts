import { DEFAULT_MAX_CONCURRENCY, type AgentCard, type Skill } from '../../core/agent.js';
import { excerpt, invalid } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, type AgentName, type Namespace } from '../../core/ids.js';
import { isObject, type JsonObject } from '../../core/json.js';
import type { Artifact, Message, Part, Progress, TaskReport } from '../../core/task.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { Assignment } from '../../engine/registry/agent-connection.js';
import type { RpcParams } from '../../transport/jsonrpc/envelope.js';
import { DOWN } from './bot.wire.js';

const MAX_SKILLS = 256;
const MAX_CONCURRENCY = 10_000;
const MAX_TAGS = 64;
const MAX_TEXT = 4096;
const MAX_PROGRESS_TEXT = 65_536;
const MAX_ARTIFACT_ID = 256;
/** A bot may write them as A2A does, with a hyphen. */
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

export interface Registration {
  readonly card: AgentCard;
  readonly namespace: Namespace;
  /** Tasks of an earlier connection that it goes on with; undefined: it does not say. */
  readonly resuming: ReadonlySet<string> | undefined;
}

/** `params` of a method that takes an object. @throws GatewayError INVALID */
export function paramsObject(params: RpcParams): JsonObject {
  if (!isObject(params)) throw invalid('params', params, 'an object');
  return params;
}

/** x-agent/register. @throws GatewayError INVALID naming the field */
export function toRegistration(params: RpcParams, ownNamespace: Namespace | null): Registration {
  const { card, namespace, resuming } = paramsObject(params);
  if (!isObject(card)) throw invalid('params.card', card, 'an object');
  const asked = checkOptionalName('params.namespace', namespace);
  return {
    card: toCard(card),
    namespace: (asked as Namespace | undefined) ?? ownNamespace ?? DEFAULT_NAMESPACE,
    resuming: toResuming(resuming),
  };
}

function toResuming(ids: unknown): ReadonlySet<string> | undefined {
  if (ids === undefined || ids === null) return undefined;
  if (!Array.isArray(ids) || ids.length > MAX_CONCURRENCY || !ids.every((id) => typeof id === 'string'))
    throw invalid('params.resuming', ids, `a list of at most ${MAX_CONCURRENCY} task ids`);
  return new Set(ids);
}

function toCard({
  name,
  version,
  description,
  skills,
  max_concurrency: capacity,
  ...extra
}: JsonObject): AgentCard {
  return {
    name: checkName('card.name', name) as AgentName,
    version: optionalName('card.version', version, 128) ?? '1.0.0',
    description: optionalText('card.description', description, MAX_TEXT) ?? '',
    skills: toSkills(skills),
    maxConcurrency: toCapacity(capacity),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function toSkills(skills: unknown): Skill[] {
  if (!Array.isArray(skills) || skills.length > MAX_SKILLS)
    throw invalid('card.skills', skills, `an array of at most ${MAX_SKILLS} skills`);
  const byId = new Map<string, Skill>();
  skills.forEach((skill: unknown, i) => {
    const checked = toSkill(`card.skills[${i}]`, skill);
    if (!byId.has(checked.id)) byId.set(checked.id, checked);
  });
  return [...byId.values()];
}

function toSkill(field: string, skill: unknown): Skill {
  if (!isObject(skill)) throw invalid(field, skill, 'an object with id and name');
  const id = checkName(`${field}.id`, skill['id']);
  return {
    id,
    name: optionalName(`${field}.name`, skill['name'], 256) ?? id,
    description: optionalText(`${field}.description`, skill['description'], MAX_TEXT) ?? '',
    tags: toTags(`${field}.tags`, skill['tags']),
  };
}

function toTags(field: string, tags: unknown): string[] {
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags) || tags.length > MAX_TAGS)
    throw invalid(field, tags, `an array of at most ${MAX_TAGS} strings`);
  return tags.map((tag: unknown, i) => checkName(`${field}[${i}]`, tag));
}

function toCapacity(value: unknown): number {
  if (value === undefined || value === null) return DEFAULT_MAX_CONCURRENCY;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_CONCURRENCY)
    return value as number;
  throw invalid('card.max_concurrency', value, `an integer from 1 to ${MAX_CONCURRENCY}`);
}

/** Something that others read in lists and logs; an empty one counts as none. */
const optionalName = (field: string, value: unknown, max: number): string | undefined =>
  value === '' ? undefined : checkOptionalName(field, value, max);

function optionalText(field: string, value: unknown, max: number): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > max)
    throw invalid(field, value, `a string of at most ${max} characters`);
  return value;
}

export interface StatusReport {
  readonly id: string;
  readonly report: TaskReport;
}

/** tasks/status. @throws GatewayError INVALID naming the field */
export function toReport(params: RpcParams): StatusReport {
  const {
    id,
    status,
    artifact,
    append,
    last_chunk: lastChunk,
    error,
    attempt,
    ...rest
  } = paramsObject(params);
  if (typeof id !== 'string') throw invalid('params.id', id, 'the id of a task');
  const checked =
    typeof status === 'string' && Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined;
  if (!checked) throw invalid('params.status', status, STATUS_WORDS);
  const progress = toProgress(rest);
  const message = toSaid(rest, progress);
  return {
    id,
    report: {
      status: checked,
      ...(progress ? { progress } : {}),
      ...(message === undefined ? {} : { message }),
      ...(artifact === undefined || artifact === null ? {} : { artifact: toArtifact(artifact) }),
      ...flag('append', append),
      ...flag('lastChunk', lastChunk),
      ...(error === undefined || error === null ? {} : { error: errorText(error) }),
      ...(typeof attempt === 'number' ? { attempt } : {}),
    },
  };
}

/** With `pct` (or `progress`) a report is progress; out of range is brought into it, as bots count in their own ways. */
function toProgress({ pct, progress, message }: JsonObject): Progress | undefined {
  const value = pct ?? progress;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw invalid('params.pct', value, 'a number from 0 to 100');
  const text = isObject(message) ? undefined : optionalText('params.message', message, MAX_PROGRESS_TEXT);
  return { pct: Math.min(100, Math.max(0, value)), ...(text === undefined ? {} : { message: text }) };
}

/** What the bot says; words that belong to progress stay with it. An empty text says nothing. */
function toSaid({ message }: JsonObject, progress: Progress | undefined): Message | string | undefined {
  if (!isObject(message)) {
    const text = optionalText('params.message', message, MAX_PROGRESS_TEXT);
    return progress || text === '' ? undefined : text;
  }
  const { role = 'agent', parts } = message;
  if (role !== 'user' && role !== 'agent') throw invalid('params.message.role', role, 'agent');
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isObject))
    throw invalid('params.message.parts', parts, 'an array of at least one part');
  checkTexts('params.message.parts', parts);
  return { ...message, role, parts: parts.map(withType) };
}

/** A plain string stands for its text; the id may be written as A2A does. */
function toArtifact(value: unknown): Artifact {
  if (typeof value === 'string') return { text: value };
  if (!isObject(value)) throw invalid('params.artifact', value, 'an object');
  const { artifactId, artifact_id: id = artifactId, ...rest } = value;
  const { text, parts } = rest;
  if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > MAX_ARTIFACT_ID))
    throw invalid('params.artifact.artifact_id', id, `a string of 1 to ${MAX_ARTIFACT_ID} characters`);
  if (text !== undefined && typeof text !== 'string') throw invalid('params.artifact.text', text, 'a string');
  if (parts !== undefined && !(Array.isArray(parts) && parts.every(isObject)))
    throw invalid('params.artifact.parts', parts, 'an array of parts');
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
): { readonly [key in Name]?: boolean } {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'boolean') throw invalid(`params.${name}`, value, 'true or false');
  return { [name]: value } as { readonly [key in Name]?: boolean };
}

/** Bots say it as a string or as an object with a message. */
export function errorText(error: unknown): string {
  const text = isObject(error) && typeof error['message'] === 'string' ? error['message'] : error;
  return (typeof text === 'string' ? text : excerpt(text)).slice(0, MAX_PROGRESS_TEXT);
}

/**
 * tasks/send, letter for letter as the seed shows it. A later attempt says so; so does the caller's answer, which comes
 * under the same id (`continuation`), and work that another bot had begun a conversation about (`history`).
 */
export function toSendFrame({ taskId, skill, attempt, input, continuation, history }: Assignment): string {
  const { message, constraints, metadata } = input;
  const more = {
    ...(attempt > 1 && { attempt }),
    ...(continuation && { continuation }),
    ...(history && { history: history.map(withTypes) }),
  };
  return JSON.stringify({
    jsonrpc: '2.0',
    method: DOWN.send,
    params: {
      id: taskId,
      message: withTypes(message),
      metadata: { ...metadata, skill, constraints, ...more },
    },
    id: taskId,
  });
}

/** Bots are written to with `type`; parts that came without it get it. */
const withTypes = ({ role, parts, ...rest }: Message) => ({ role, parts: parts.map(withType), ...rest });

const withType = (part: Part): Part =>
  part.type === undefined && part.text !== undefined ? { type: 'text', ...part } : part;

export const toCancelFrame = (taskId: string): string =>
  JSON.stringify({ jsonrpc: '2.0', method: DOWN.cancel, params: { id: taskId } });
