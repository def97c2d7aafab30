import { sameAgent, type AgentName, type Namespace } from '../../src/core/ids.js';
import { ANONYMOUS, type Principal } from '../../src/core/principal.js';
import type { NewTask, TaskRecord, TaskReport } from '../../src/core/task.js';
import type { Agent } from '../../src/engine/registry/agent.js';
import type { LiveTask } from '../../src/engine/tasks/live-task.js';
import { anInput } from '../fakes/engine.js';
import type { ReportKind, SubmitAction } from './actions.js';

/** The few names that the model plays with: few, so that they meet. */
export const SKILLS = ['sum', 'echo', 'draw'];
export const NAMESPACES = ['default', 'north'];
export const NAMES = ['ann', 'bob', 'cid'];
/** Without auth one credential is told from another by its id alone. */
export const PRINCIPALS: readonly Principal[] = [ANONYMOUS, { ...ANONYMOUS, id: 'somebody else' }];

/** What a lower priority waits until it stands level with a new task of the higher. */
const HEAD_START = { high: 0, medium: 15_000, low: 30_000 };

export const skillsOf = (bits: number): string[] => SKILLS.filter((_, i) => bits & (1 << i));
export const bitsOf = (agent: Agent): number =>
  SKILLS.reduce((bits, id, i) => bits | (agent.hasSkill(id) ? 1 << i : 0), 0);

export const keyOf = (task: NewTask): string => `${task.namespace ?? 'default'}\n${task.idempotencyKey}`;

/** A submission of which the marker tells whose input it is. The same key and body is the same request in everything. */
export function toTask(asked: SubmitAction, marker: string): NewTask {
  const { skill, namespace, key, body, priority, context, pin, wait, idempotent, timeoutMs } = asked;
  const base = {
    input: anInput(marker),
    // 0: any namespace; the rest by name.
    namespace: namespace === 0 ? undefined : (NAMESPACES[namespace - 1] as Namespace),
  };
  if (key !== undefined)
    return {
      ...base,
      skill: SKILLS[key]!,
      waitForAgent: body === 0,
      idempotencyKey: `k${key}`,
      fingerprint: marker,
    };
  return {
    ...base,
    skill: SKILLS[skill]!,
    agent: pin === undefined ? undefined : (NAMES[pin] as AgentName),
    contextId: context === undefined ? undefined : `c${context}`,
    priority,
    timeoutMs,
    idempotent,
    waitForAgent: wait,
  };
}

export const markerOf = (task: Pick<NewTask, 'input'>): string | undefined =>
  task.input.message.parts[0]?.text;

/** @param chunk what a chunk says */
export function toReport(kind: ReportKind, chunk: string): TaskReport {
  switch (kind) {
    case 'running':
      return { status: 'running' };
    case 'progress':
      return { status: 'running', progress: { pct: 50 } };
    case 'chunk':
      return { status: 'running', artifact: { text: chunk }, append: true };
    case 'last chunk':
      return { status: 'running', artifact: { text: chunk }, append: true, lastChunk: true };
    case 'huge chunk':
      return { status: 'running', artifact: { text: 'x'.repeat(2_000) }, append: true, progress: { pct: 1 } };
    case 'completed':
      return { status: 'completed', artifact: { text: 'whole' } };
    case 'completed by chunk':
      return { status: 'completed', artifact: { text: chunk }, append: true };
    case 'failed':
      return { status: 'failed', error: 'no' };
    case 'rejected':
      return { status: 'rejected', message: 'not I' };
    case 'asks':
      return { status: 'input_required', message: 'which one?' };
    case 'waits for authorization':
      return { status: 'auth_required' };
    case 'says':
      return { status: 'running', message: 'nearly there' };
    case 'another artifact':
      return { status: 'running', artifact: { artifact_id: 'other', text: 'whole' } };
  }
}

/** Whether an agent may have a task: its skill, namespace and name, whatever its load. */
export const suits = (
  agent: Agent,
  { skill, scope, pinnedAgent }: Pick<TaskRecord, 'skill' | 'scope' | 'pinnedAgent'>,
): boolean =>
  agent.hasSkill(skill) &&
  (scope === null || scope === agent.namespace) &&
  (pinnedAgent === null || pinnedAgent === agent.card.name);

/** As {@link suits}; a task with its caller's answer is for the agent that asked. */
export const mayGetNow = (agent: Agent, { continues, record }: LiveTask): boolean =>
  continues
    ? record.agent !== null && sameAgent(record.agent, agent.ref) && agent.hasSkill(record.skill)
    : suits(agent, record);

/** Whether a waiting task is to be handed out before another. */
export const comesBefore = (a: TaskRecord, b: TaskRecord): boolean =>
  rank(a) < rank(b) || (rank(a) === rank(b) && a.id < b.id);

const rank = ({ createdAt, priority }: TaskRecord): number => createdAt + HEAD_START[priority];
