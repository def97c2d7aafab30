import { createHash } from 'node:crypto';
import { invalid } from '../../core/errors.js';
import type { AgentName, Namespace } from '../../core/ids.js';
import { isObject, type Json, type JsonObject } from '../../core/json.js';
import {
  PRIORITIES,
  type Callback,
  type Message,
  type NewTask,
  type Part,
  type Priority,
  type TaskInput,
} from '../../core/task.js';
import { checkSigningSecret } from '../../core/signing-secret.js';
import { checkName, checkOptionalName } from '../../core/text.js';

/** The longest `timeout_s`: one day. */
export const MAX_TIMEOUT_S = 86_400;
/** Parts of one message at most. */
export const MAX_PARTS = 1_000;
/** The longest `callback_url`. */
export const MAX_URL = 2_048;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
const NOTHING: JsonObject = Object.freeze({});

/**
 * The body of POST /tasks, or the params of `tasks/send`, as a task for the engine. Unknown fields are ignored.
 * Checked by hand: class-transformer with class-validator took 5 µs for such a body (a fifth of the whole request), this takes 0.05 µs.
 * @param key the Idempotency-Key, if one was given
 * @throws GatewayError INVALID
 */
export function toNewTask(body: unknown, key: unknown): NewTask {
  if (!isObject(body)) throw invalid('body', body, 'a JSON object');
  const task = {
    skill: checkName('skill', body['skill']),
    input: inputOf(body),
    namespace: checkOptionalName('namespace', body['namespace']) as Namespace | undefined,
    agent: checkOptionalName('agent_id', body['agent_id']) as AgentName | undefined,
    contextId: checkOptionalName('context_id', body['context_id']),
    priority: priorityOf(body['priority']),
    timeoutMs: timeoutOf(body['timeout_s']),
    idempotent: flagOf('idempotent', body['idempotent']),
    waitForAgent: flagOf('wait_for_agent', body['wait_for_agent']),
    callback: callbackOf(body),
  };
  if (!isGiven(key)) return task;
  return { ...task, idempotencyKey: checkIdempotencyKey(key), fingerprint: fingerprintOf(task) };
}

/**
 * The body of POST /tasks/:id/messages, or the params of `tasks/continue`, as the caller's answer to what an agent asks.
 * @param key the Idempotency-Key, if one was given: the same key is the same answer
 * @throws GatewayError INVALID
 */
export function toAnswer(body: unknown, key: unknown): Message {
  if (!isObject(body)) throw invalid('body', body, 'a JSON object');
  const message = messageOf(body);
  return isGiven(key) ? { ...message, messageId: checkIdempotencyKey(key) } : message;
}

/** Absent and null mean the same. */
const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function inputOf(body: JsonObject): TaskInput {
  return {
    message: messageOf(body),
    constraints: objectOf('constraints', body['constraints']),
    metadata: objectOf('metadata', body['metadata']),
  };
}

function messageOf(body: JsonObject): Message {
  const { instruction, message } = body;
  if (!isGiven(message)) return { role: 'user', parts: [{ type: 'text', text: textOf(instruction) }] };
  if (isGiven(instruction)) throw invalid('message', message, 'only one of instruction and message');
  if (!isObject(message)) throw invalid('message', message, 'an object with role and parts');
  const { role = 'user', parts } = message;
  if (role !== 'user' && role !== 'agent') throw invalid('message.role', role, 'user or agent');
  if (!Array.isArray(parts) || parts.length === 0 || parts.length > MAX_PARTS)
    throw invalid('message.parts', parts, `a list of 1 to ${MAX_PARTS} parts`);
  return { role, parts: (parts as readonly unknown[]).map(partOf) };
}

function textOf(instruction: unknown): string {
  if (typeof instruction !== 'string' || instruction.trim() === '')
    throw invalid('instruction', instruction, 'a string that is not empty');
  return instruction;
}

/** Kept as given, but for the name of its kind: inside the gateway it is `type`. */
function partOf(part: unknown, index: number): Part {
  const field = `message.parts[${index}]`;
  if (!isObject(part)) throw invalid(field, part, 'an object');
  const { kind, type = kind, text, ...rest } = part;
  if (type !== undefined && typeof type !== 'string') throw invalid(`${field}.type`, type, 'a string');
  if (text === undefined) return type === undefined ? rest : { type, ...rest };
  if (typeof text !== 'string') throw invalid(`${field}.text`, text, 'a string');
  return { type: type ?? 'text', text, ...rest };
}

function objectOf(field: string, value: unknown): JsonObject {
  if (!isGiven(value)) return NOTHING;
  if (!isObject(value)) throw invalid(field, value, 'an object');
  return value;
}

function priorityOf(value: unknown): Priority | undefined {
  if (!isGiven(value)) return undefined;
  const found = PRIORITIES.find((priority) => priority === value);
  if (found === undefined) throw invalid('priority', value, PRIORITIES.join(', '));
  return found;
}

function timeoutOf(value: unknown): number | undefined {
  if (!isGiven(value)) return undefined;
  if (typeof value !== 'number' || !(value > 0 && value <= MAX_TIMEOUT_S))
    throw invalid('timeout_s', value, `a number of seconds above 0, at most ${MAX_TIMEOUT_S}`);
  return Math.max(1, Math.round(value * 1_000));
}

function flagOf(field: string, value: unknown): boolean | undefined {
  if (!isGiven(value)) return undefined;
  if (typeof value !== 'boolean') throw invalid(field, value, 'true or false');
  return value;
}

function callbackOf({ callback_url: url, callback_secret: secret }: JsonObject): Callback | undefined {
  if (!isGiven(url)) {
    if (isGiven(secret)) throw invalid('callback_secret', 'a secret', 'nothing without callback_url');
    return undefined;
  }
  if (typeof url !== 'string' || url.length > MAX_URL || !URL.canParse(url))
    throw invalid('callback_url', url, `an absolute http or https URL of at most ${MAX_URL} characters`);
  return isGiven(secret) ? { url, secret: checkSigningSecret('callback_secret', secret) } : { url };
}

/** @throws GatewayError INVALID */
export function checkIdempotencyKey(key: unknown): string {
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key))
    throw invalid('Idempotency-Key', key, '1 to 255 visible ASCII characters');
  return key;
}

/** SHA-256 of what the request means: the order of its fields and how an absent one is written make no difference. */
function fingerprintOf(task: NewTask): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(task as unknown as Json)))
    .digest('base64url');
}

function canonical(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(canonical);
  if (!isObject(value)) return value;
  const sorted = Object.keys(value).sort();
  const given = sorted.filter((key) => value[key] !== undefined);
  return Object.fromEntries(given.map((key) => [key, canonical(value[key]!)]));
}
