import type { AgentName, Namespace, TaskId } from '../../core/ids.js';
import type { TaskEvent, TaskEventBody, TaskRecord } from '../../core/task.js';
import type { TaskEventRow, TaskRow } from './schema.js';

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
const parsed = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));

export const toTaskRow = (task: TaskRecord): TaskRow => ({
  id: task.id,
  namespace: task.namespace,
  scope: task.scope,
  skill: task.skill,
  pinned_agent: task.pinnedAgent,
  context_id: task.contextId,
  priority: task.priority,
  timeout_ms: task.timeoutMs,
  idempotent: task.idempotent ? 1 : 0,
  created_by: task.createdBy,
  created_at: task.createdAt,
  state: task.state,
  seq: task.seq,
  attempt: task.attempt,
  turn: task.turn,
  agent_namespace: task.agent?.namespace ?? null,
  agent_name: task.agent?.name ?? null,
  agent_principal: task.agentPrincipal,
  progress: json(task.progress),
  error: json(task.error),
  routing: json(task.routing),
  late_result: json(task.lateResult),
  updated_at: task.updatedAt,
  ended_at: task.endedAt,
  deadline_at: task.deadlineAt,
});

export const toTaskRecord = (row: TaskRow): TaskRecord => ({
  id: row.id as TaskId,
  namespace: row.namespace as Namespace,
  scope: row.scope as Namespace | null,
  skill: row.skill,
  pinnedAgent: row.pinned_agent as AgentName | null,
  contextId: row.context_id,
  priority: row.priority,
  timeoutMs: row.timeout_ms,
  idempotent: row.idempotent === 1,
  createdBy: row.created_by,
  createdAt: row.created_at,
  state: row.state,
  seq: row.seq,
  attempt: row.attempt,
  turn: row.turn,
  agent:
    row.agent_name === null
      ? null
      : { namespace: row.agent_namespace as Namespace, name: row.agent_name as AgentName },
  agentPrincipal: row.agent_principal,
  progress: parsed(row.progress),
  error: parsed(row.error),
  routing: parsed(row.routing),
  lateResult: parsed(row.late_result),
  updatedAt: row.updated_at,
  endedAt: row.ended_at,
  deadlineAt: row.deadline_at,
});

export const toTaskEvent = ({ seq, at, body }: Omit<TaskEventRow, 'task_id'>): TaskEvent => ({
  seq,
  at,
  body: JSON.parse(body) as TaskEventBody,
  json: body,
});

/** The smallest id that a task created at `ms` can have: everything older sorts before it. */
export const firstIdAt = (ms: number): string => `t-${Math.floor(ms).toString(16).padStart(12, '0')}`;
