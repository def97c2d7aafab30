import { invalid } from '../../core/errors.js';
import type { AgentName, Namespace } from '../../core/ids.js';
import { isObject } from '../../core/json.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { RouteRequest } from '../../engine/routing/routing.service.js';
import { RESET, type WatchItem } from '../../engine/tasks/tasks.service.js';
import { sseFrame } from '../../transport/http/sse-frame.js';
import type { ResetWire } from './rest.wire.js';

/**
 * An item of a task's log as an event of the stream; its id is the task's own sequence.
 * The event's JSON was made once, when it was stored: here the task id is put into its second place, where the seed has it.
 */
export function toFrame(taskId: string, item: WatchItem): string {
  if (item === RESET) {
    const reset: ResetWire = { event: 'reset', task_id: taskId };
    return sseFrame('reset', JSON.stringify(reset));
  }
  const { seq, body, json } = item;
  const head = `{"event":"${body.event}"`;
  if (!json.startsWith(head)) throw new Error(`event ${seq}: its JSON does not begin with its name`);
  return sseFrame(body.event, `${head},"task_id":"${taskId}"${json.slice(head.length)}`, seq);
}

/** Last-Event-ID as given; empty means none (HTML: the event stream format). */
export const toPosition = (header: unknown): string | undefined =>
  typeof header === 'string' && header !== '' ? header : undefined;

/**
 * The body of POST /routing/explain.
 * @throws GatewayError INVALID
 */
export function toRouteRequest(body: unknown): RouteRequest {
  if (!isObject(body)) throw invalid('body', body, 'a JSON object');
  return {
    skill: checkName('skill', body['skill']),
    scope: (checkOptionalName('namespace', body['namespace']) ?? null) as Namespace | null,
    pinnedAgent: (checkOptionalName('agent_id', body['agent_id']) ?? null) as AgentName | null,
    contextId: checkOptionalName('context_id', body['context_id']) ?? null,
  };
}
