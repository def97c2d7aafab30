import { Injectable } from '@nestjs/common';
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isTaskId } from '../../../core/ids.js';
import { isObject, type JsonObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import type { TaskRecord } from '../../../core/task.js';
import { isInterrupted } from '../../../core/task-states.js';
import { TasksService } from '../../../engine/tasks/tasks.service.js';
import { fits } from '../requests/fits.wire.js';
import type { V01Names } from './v01-shapes.js';

/** A call of 0.1 in the words of 0.3, and the names that its answer goes by. */
export interface V01Call {
  readonly payload: JsonObject;
  readonly names: V01Names;
}

const SENDS: Readonly<Record<string, string>> = {
  'tasks/send': 'message/send',
  'tasks/sendSubscribe': 'message/stream',
};
const PUSHES: Readonly<Record<string, string>> = {
  'tasks/pushNotification/set': 'tasks/pushNotificationConfig/set',
  'tasks/pushNotification/get': 'tasks/pushNotificationConfig/get',
};
/** Methods that 0.3 has under the same name, for ids of its own. */
const SHARED = new Set(['tasks/get', 'tasks/cancel', 'tasks/resubscribe']);

/** A task of a client's own id is found again by its context, which is durable and indexed; each caller has ids of his own. */
const contextOf = (caller: Principal, id: string): string =>
  `a2a-0.1/${hashOf(caller.id).slice(0, 12)}/${id}`;
const MAX_ID = 200;
const ID = `a string of 1 to ${MAX_ID} characters, not blank`;
const text = z.string(ID).refine((id) => id.trim() !== '' && id.length <= MAX_ID, ID);
const sent = z.looseObject(
  { id: text, sessionId: text.nullish(), message: z.looseObject({}, 'an object') },
  'an object',
);
const named = z.looseObject({ id: text }, 'an object');

/** A2A 0.1 (`tasks/send`, ids made by the client, sessions) as a thin layer over 0.3. */
@Injectable()
export class V01Calls {
  constructor(private readonly tasks: TasksService) {}

  /**
   * The call in 0.3's words; undefined: it is no call of 0.1.
   * @throws GatewayError INVALID naming the field
   */
  async translated(caller: Principal, payload: unknown): Promise<V01Call | undefined> {
    if (!isObject(payload)) return undefined;
    const { method, params } = payload;
    if (typeof method !== 'string') return undefined;
    const send = SENDS[method];
    if (send !== undefined) return this.send(caller, payload, send);
    const push = PUSHES[method];
    if (push === undefined && !(SHARED.has(method) && isOwnId(params))) return undefined;
    fits(named, 'params', params);
    const given = params as JsonObject & { readonly id: string };
    const task = await this.newest(caller, given.id);
    if (!task && push === undefined) return undefined; // 0.3 says that there is none
    const id = task?.id ?? given.id;
    const own = { ...given, id, ...(push !== undefined && { taskId: id }) };
    const names = { id: given.id, sessionId: await this.sessionOf(caller, task) };
    return { payload: { ...payload, method: push ?? method, params: own }, names };
  }

  private async send(caller: Principal, payload: JsonObject, method: string): Promise<V01Call> {
    fits(sent, 'params', payload['params']);
    const { id, sessionId, message, pushNotification, historyLength, metadata, ...rest } = payload[
      'params'
    ] as JsonObject & { readonly id: string; readonly message: JsonObject };
    const before = await this.newest(caller, id);
    const asked = before && isInterrupted(before.state);
    const session = typeof sessionId === 'string' ? sessionId : await this.sessionOf(caller, before);
    const current = {
      ...message,
      metadata: { ...(isObject(message['metadata']) ? message['metadata'] : {}), sessionId: session },
      // The same words under the same id are the same task, unless they answer a question.
      messageId: asked ? randomUUID() : hashOf([id, message]),
      contextId: contextOf(caller, id),
      ...(asked && { taskId: before.id }),
    };
    const configuration = {
      blocking: true,
      ...(historyLength !== undefined && { historyLength }),
      ...(pushNotification !== undefined && { pushNotificationConfig: pushNotification }),
    };
    const params = { ...rest, message: current, configuration, ...(metadata !== undefined && { metadata }) };
    return { payload: { ...payload, method, params }, names: { id, sessionId: session } };
  }

  private async newest(caller: Principal, id: string): Promise<TaskRecord | undefined> {
    const { tasks } = await this.tasks.list(caller, { contextId: contextOf(caller, id), limit: 1 });
    return tasks[0];
  }

  /** The session that a task was sent with, or a new one. */
  private async sessionOf(caller: Principal, task: TaskRecord | undefined): Promise<string> {
    const [first] = task ? await this.tasks.history(caller, task.id) : [];
    const session = first?.metadata?.['sessionId'];
    return typeof session === 'string' ? session : randomUUID();
  }
}

/** An id that the gateway has not made. */
const isOwnId = (params: unknown): boolean =>
  isObject(params) && typeof params['id'] === 'string' && !isTaskId(params['id']);

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');
