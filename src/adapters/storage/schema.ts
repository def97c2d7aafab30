import type { Priority } from '../../core/task.js';
import type { TaskState } from '../../core/task-states.js';

/** Tables of every storage adapter. Times are milliseconds since the epoch; JSON is text; booleans are 0 and 1. */
export interface Schema {
  tasks: TaskRow;
  task_events: TaskEventRow;
  submissions: SubmissionRow;
  storage_probe: StorageProbeRow;
  api_keys: ApiKeyRow;
}

export interface TaskRow {
  id: string;
  namespace: string;
  scope: string | null;
  skill: string;
  pinned_agent: string | null;
  context_id: string | null;
  priority: Priority;
  timeout_ms: number;
  idempotent: number;
  created_by: string | null;
  created_at: number;
  state: TaskState;
  seq: number;
  attempt: number;
  turn: number | null;
  agent_namespace: string | null;
  agent_name: string | null;
  agent_principal: string | null;
  progress: string | null;
  error: string | null;
  routing: string | null;
  late_result: string | null;
  updated_at: number;
  ended_at: number | null;
  deadline_at: number | null;
}

export interface TaskEventRow {
  task_id: string;
  seq: number;
  at: number;
  body: string;
  /** What the agent gets to work on: with the first event only. Not in the record, which is written anew at every step. */
  input: string | null;
}

export interface SubmissionRow {
  namespace: string;
  key: string;
  fingerprint: string;
  task_id: string;
}

/** One row, written to find out whether the storage takes writes. */
export interface StorageProbeRow {
  /** Counts the probes; a time in name only. */
  at: number;
}

export interface ApiKeyRow {
  id: string;
  name: string;
  namespace: string;
  agent: string | null;
  /** Words, separated by spaces. */
  rights: string;
  hash: string;
  created_by: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}
