import { invalid } from '../../../core/errors.js';
import { isObject, type JsonObject } from '../../../core/json.js';

/** The dialects of one URL; see docs/protocols/a2a.md. */
export type Dialect = '1.0' | '0.3';

const V1_METHODS = new Set([
  'SendMessage',
  'SendStreamingMessage',
  'GetTask',
  'ListTasks',
  'CancelTask',
  'SubscribeToTask',
  'CreateTaskPushNotificationConfig',
  'GetTaskPushNotificationConfig',
  'ListTaskPushNotificationConfigs',
  'DeleteTaskPushNotificationConfig',
  'GetExtendedAgentCard',
]);
/** Methods whose params hold a message. */
const SENDS = new Set(['SendMessage', 'SendStreamingMessage', 'message/send', 'message/stream']);
/** Methods whose params name a task. */
const NAMES_TASK = new Set([
  'GetTask',
  'CancelTask',
  'SubscribeToTask',
  'tasks/get',
  'tasks/cancel',
  'tasks/resubscribe',
]);
export const STREAMS = new Set([
  'SendStreamingMessage',
  'SubscribeToTask',
  'message/stream',
  'tasks/resubscribe',
]);

const MAX_MESSAGE_ID = 256;
const MAX_METADATA = 65_536;
const ROLES: Record<Dialect, readonly string[]> = {
  '1.0': ['ROLE_USER', 'ROLE_AGENT'],
  '0.3': ['user', 'agent'],
};

/** Undefined: a version that is not served. An explicit version decides, then the method's name; else it is 0.3 (1.0 §3.6.2). */
export function dialectOf(version: string | undefined, method: unknown): Dialect | undefined {
  if (version === '1.0') return '1.0';
  if (version === '0.3' || version === '0.3.0') return '0.3';
  if (version !== undefined && version !== '') return undefined;
  return typeof method === 'string' && V1_METHODS.has(method) ? '1.0' : '0.3';
}

/** A call as the SDK's codecs want it, checked where they are lenient. */
export interface CheckedCall {
  readonly method: string;
  readonly body: Record<string, unknown>;
  /** Parts came without their kind: the caller is of the adk family, which reads some answers in its own way. */
  readonly untyped: boolean;
}

/** @throws GatewayError INVALID naming the field */
export function checkCall(body: JsonObject, dialect: Dialect): CheckedCall {
  const { method, params } = body;
  const name = typeof method === 'string' ? method : '';
  if (isObject(params)) checkHistoryLength('params', params);
  if (SENDS.has(name)) return checkSend(body, name, objectAt('params', params), dialect);
  if (NAMES_TASK.has(name)) return checkTaskId(body, name, objectAt('params', params));
  return { method: name, body: { ...body }, untyped: false };
}

/** adk says `taskId` where the standard says `id`. */
function checkTaskId(body: JsonObject, method: string, params: JsonObject): CheckedCall {
  const { taskId, id = taskId } = params;
  if (typeof id !== 'string' || id.trim() === '') throw invalid('params.id', id, 'the id of a task');
  return { method, body: { ...body, params: { ...params, id } }, untyped: false };
}

function checkSend(body: JsonObject, method: string, params: JsonObject, dialect: Dialect): CheckedCall {
  const message = objectAt('params.message', params['message']);
  const { messageId, role, parts, metadata } = message;
  if (typeof messageId !== 'string' || messageId.trim() === '' || messageId.length > MAX_MESSAGE_ID)
    throw invalid(
      'params.message.messageId',
      messageId,
      `a string of 1 to ${MAX_MESSAGE_ID} characters, not blank`,
    );
  if (!ROLES[dialect].includes(role as string))
    throw invalid('params.message.role', role, ROLES[dialect].join(' or '));
  const { configuration } = params;
  if (isObject(configuration)) checkHistoryLength('params.configuration', configuration);
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isObject))
    throw invalid('params.message.parts', parts, 'a list of at least one part');
  for (const [field, value] of [
    ['params.message.metadata', metadata],
    ['params.metadata', params['metadata']],
  ] as const)
    if (value !== undefined && JSON.stringify(value).length > MAX_METADATA)
      throw invalid(field, `${JSON.stringify(value).length} bytes`, `at most ${MAX_METADATA} bytes`);
  if (dialect === '1.0') return { method, body: { ...body }, untyped: false };
  const untyped = parts.some((part) => part['kind'] === undefined);
  const typed = { kind: 'message', ...message, parts: parts.map(withKind) };
  return { method, body: { ...body, params: { ...params, message: typed } }, untyped };
}

/** A part by what it has (seed 002); `type` is 0.1's name of the kind. */
function withKind(part: JsonObject, index: number): JsonObject {
  const { kind, type, ...rest } = part;
  const found = kind ?? type ?? ['text', 'file', 'data'].find((name) => name in part);
  if (found === 'text' || found === 'file' || found === 'data') return { kind: found, ...rest };
  throw invalid(`params.message.parts[${index}]`, part, 'a part with text, file or data');
}

/** 1.0 §3.2.4; numbers may come as text (ProtoJSON). */
function checkHistoryLength(place: string, { historyLength }: JsonObject): void {
  if (historyLength === undefined || historyLength === null) return;
  const length = Number(historyLength);
  if (!Number.isInteger(length) || length < 0)
    throw invalid(`${place}.historyLength`, historyLength, 'a whole number from 0');
}

function objectAt(field: string, value: unknown): JsonObject {
  if (!isObject(value)) throw invalid(field, value, 'an object');
  return value;
}
