import type { AgentName, Namespace, TaskId } from '../../src/core/ids.js';
import type {
  RoutingDecision,
  TaskEventBody,
  TaskFailure,
  TaskInput,
  TaskRecord,
} from '../../src/core/task.js';
import { endsTask, stateAfter, taskEvent } from '../../src/core/task.js';
import type { NewTaskRecord, SubmissionKey, TaskStep } from '../../src/engine/tasks/task.store.js';
import { aRecord, BOT } from './records.js';

export const START = Date.UTC(2026, 0, 1);
export const ROUTING: RoutingDecision = {
  strategy: 'least_load',
  reason: 'lowest load',
  candidates: 2,
  available: 1,
  chosen: BOT,
  load: 0,
  max_concurrency: 3,
};

let count = 0;

/** Ids as the gateway makes them: time-ordered, later ones after earlier ones. */
export const taskId = (createdAt: number): TaskId =>
  `t-${createdAt.toString(16).padStart(12, '0')}${(++count).toString(16).padStart(20, '0')}` as TaskId;

interface Sample extends Partial<TaskRecord> {
  readonly input?: TaskInput;
  readonly submission?: SubmissionKey;
}

/** A new queued task with an id of its own, ready to be submitted. */
export function newTask({ input, submission, ...change }: Sample = {}): NewTaskRecord {
  const createdAt = change.createdAt ?? START;
  const id = change.id ?? taskId(createdAt);
  return {
    record: aRecord({ ...change, id, createdAt, updatedAt: createdAt, deadlineAt: createdAt + 60_000 }),
    input: input ?? textInput(`work on ${id}`),
    event: taskEvent(1, createdAt, { event: 'queued', agent_id: BOT }),
    submission,
  };
}

export const textInput = (text: string): TaskInput => ({
  message: { role: 'user', parts: [{ type: 'text', text }] },
  constraints: {},
  metadata: {},
});

/** The step that an event makes at `at`. */
export function step(seq: number, body: TaskEventBody, at = START + seq): TaskStep {
  const ended = endsTask(body);
  return {
    event: taskEvent(seq, at, body),
    state: stateAfter(body),
    turn: body.event === 'queued' && body.message ? seq : null,
    progress: body.event === 'progress' ? { pct: body.pct } : null,
    error: errorAfter(body),
    endedAt: ended ? at : null,
    deadlineAt: ended ? null : at + 60_000,
  };
}

function errorAfter(body: TaskEventBody): TaskFailure | null {
  if (body.event === 'failed') return { code: 'AGENT_FAILED', message: body.error };
  return body.event === 'rejected' ? { code: 'REJECTED', message: body.error } : null;
}

export const running = (seq: number, at?: number): TaskStep => step(seq, { event: 'running' }, at);
export const completed = (seq: number, at?: number): TaskStep =>
  step(seq, { event: 'completed', artifact: { text: 'done' } }, at);

export const inNamespace = (name: string): { namespace: Namespace; scope: Namespace } => ({
  namespace: name as Namespace,
  scope: name as Namespace,
});
export const agentNamed = (name: string) => ({ namespace: aRecord().namespace, name: name as AgentName });
