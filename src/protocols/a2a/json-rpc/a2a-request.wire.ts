import type { z } from 'zod';
import { isObject, type JsonObject } from '../../../core/json.js';
import { checkSend, checkTaskId, objectAt, type Dialect } from '../requests/checks.wire.js';
import { camelFields } from '../requests/proto-names.wire.js';
import { fits } from '../requests/fits.wire.js';
import {
  hasHistoryLength,
  lists,
  listsPushConfigs,
  namesPushConfig,
  pushConfig,
} from '../requests/schemas.wire.js';

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
/** What the params of the other methods must hold. */
const OTHERS: Readonly<Record<string, z.ZodType>> = {
  ListTasks: lists,
  CreateTaskPushNotificationConfig: pushConfig,
  GetTaskPushNotificationConfig: namesPushConfig,
  DeleteTaskPushNotificationConfig: namesPushConfig,
  ListTaskPushNotificationConfigs: listsPushConfigs,
};

/** Methods of 0.3 (and 0.2). */
const V03_METHODS = new Set([
  'message/send',
  'message/stream',
  'tasks/get',
  'tasks/cancel',
  'tasks/resubscribe',
  'tasks/pushNotificationConfig/set',
  'tasks/pushNotificationConfig/get',
  'tasks/pushNotificationConfig/list',
  'tasks/pushNotificationConfig/delete',
  'agent/getAuthenticatedExtendedCard',
]);

export const isA2aMethod = (method: string): boolean => V1_METHODS.has(method) || V03_METHODS.has(method);

/** Methods that the gateway's own JSON-RPC has too. */
export const isSharedMethod = (method: string): boolean =>
  method === 'tasks/get' || method === 'tasks/cancel';

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
export function checkCall(given: JsonObject, dialect: Dialect): CheckedCall {
  // Params of 1.0 are JSON of protocol buffers (§9), which may name fields in either way.
  const body =
    dialect === '1.0' && isObject(given['params'])
      ? { ...given, params: camelFields(given['params']) }
      : given;
  const { method, params } = body;
  const name = typeof method === 'string' ? method : '';
  if (isObject(params)) fits(hasHistoryLength, 'params', params);
  if (SENDS.has(name)) {
    const { params: checked, untyped } = checkSend('params', params, dialect);
    return { method: name, body: { ...body, params: checked }, untyped };
  }
  if (NAMES_TASK.has(name))
    return { method: name, body: { ...body, params: checkTaskId('params', params) }, untyped: false };
  const schema = OTHERS[name];
  // The SDK takes a call without params for one with wrong ones, also of a method that it does not know.
  if (!schema) return { method: name, body: { ...body, params: params ?? {} }, untyped: false };
  const checked = namingTask(objectAt('params', params ?? {}));
  fits(schema, 'params', checked);
  return { method: name, body: { ...body, params: checked }, untyped: false };
}

/** ProtoJSON knows two spellings of a name; the official kit uses the other one. */
function namingTask({ task_id, ...params }: JsonObject): JsonObject {
  return task_id === undefined || params['taskId'] !== undefined ? params : { ...params, taskId: task_id };
}
