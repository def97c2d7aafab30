import { isoTime } from '../../core/clock.js';
import type { Artifact, LateResult, Message, TaskRecord } from '../../core/task.js';
import type { LateResultWire, TaskAckWire, TaskWire } from './orchestrator.wire.js';

/** Says what the acknowledgement promises: the task is in. Where it stands by now is for GET to say. */
export const toAck = (record: TaskRecord): TaskAckWire => ({
  task_id: record.id,
  status: 'queued',
  assigned_agent: record.agent?.name ?? null,
});

/** What an agent has made and said. */
interface Made {
  readonly artifact: Artifact | null;
  readonly artifacts: readonly Artifact[];
  readonly message: Message | null;
}
const NOTHING: Made = { artifact: null, artifacts: [], message: null };

/** A task as every read shows it; what it does not have is left out. */
export function toTask(record: TaskRecord, made: Made = NOTHING): TaskWire {
  return {
    task_id: record.id,
    status: record.state,
    skill: record.skill,
    assigned_agent: record.agent?.name ?? null,
    namespace: record.namespace,
    priority: record.priority,
    ...(record.contextId !== null && { context_id: record.contextId }),
    attempt: record.attempt,
    ...(record.progress && { progress: record.progress }),
    ...toMade(made),
    ...(record.error && { error: record.error.message, error_code: record.error.code }),
    ...(record.lateResult && { late_result: toLate(record.lateResult) }),
    ...(record.routing && { routing: record.routing }),
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
    ...(record.endedAt !== null && { ended_at: isoTime(record.endedAt) }),
  };
}

function toMade({
  artifact,
  artifacts,
  message,
}: Made): Pick<TaskWire, 'artifact' | 'artifacts' | 'message'> {
  const isAll = artifacts.length === (artifact ? 1 : 0);
  return {
    ...(artifact && { artifact }),
    ...(!isAll && { artifacts }),
    ...(message && { message }),
  };
}

const toLate = ({ at, ...late }: LateResult): LateResultWire => ({ ...late, at: isoTime(at) });
