import type { AgentMessage } from '../../core/agent-message.js';
import { DEFAULT_MAX_CONCURRENCY, type AgentCard, type Skill } from '../../core/agent.js';
import { invalid } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, type AgentName, type Namespace } from '../../core/ids.js';
import { isObject, type JsonObject } from '../../core/json.js';
import type { Message, TaskReport } from '../../core/task.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { Assignment } from '../../engine/registry/agent-connection.js';
import { toPush } from '../../transport/agents/message-push.js';
import { withType } from '../../transport/agents/parts.js';
import { toTaskReport } from '../../transport/agents/task-report.js';
import type { RpcParams } from '../../transport/jsonrpc/envelope.js';
import { DOWN } from './bot.wire.js';

const MAX_SKILLS = 256;
const MAX_CONCURRENCY = 10_000;
const MAX_TAGS = 64;
const MAX_TEXT = 4096;

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
  const { id, ...fields } = paramsObject(params);
  if (typeof id !== 'string') throw invalid('params.id', id, 'the id of a task');
  return { id, report: toTaskReport(fields, 'params.') };
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

/** A message of another agent; with an id where the bot has to confirm that it has it. */
export const toMessageFrame = (message: AgentMessage, confirmed: boolean): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    method: DOWN.message,
    params: toPush(message),
    ...(confirmed && { id: message.id }),
  });

export const toCancelFrame = (taskId: string): string =>
  JSON.stringify({ jsonrpc: '2.0', method: DOWN.cancel, params: { id: taskId } });
