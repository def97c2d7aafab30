import { invalid } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';

const SPELLINGS = ['id', 'task_id', 'taskId'] as const;

/**
 * The task that a call is about, under any of its three names. Its form is not checked: what is no id is a task that does not exist.
 * @throws GatewayError INVALID when there is none, or no string
 */
export function taskIdOf(params: JsonObject): string {
  for (const name of SPELLINGS) {
    const value = params[name];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalid(name, value, 'a task id');
    return value;
  }
  throw invalid('id', undefined, `a task id as ${SPELLINGS.join(', ')}`);
}
