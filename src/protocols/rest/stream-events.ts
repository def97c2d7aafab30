import type { TaskEventBody } from '../../core/task.js';

/** An event of a task's stream: when it comes and what it says besides `event` and `task_id`. */
interface StreamEventInfo {
  readonly when: string;
  readonly fields: string;
  readonly ends: boolean;
}

/** Every event of the log; a new one does not compile until the published protocol explains it. */
export const STREAM_EVENTS: Record<TaskEventBody['event'], StreamEventInfo> = {
  queued: {
    when: 'the task is in; again when it is handed to another agent, and with the caller’s answer',
    fields: '`agent_id` (null: waits), `message` (the answer)',
    ends: false,
  },
  running: {
    when: 'the agent has begun, or says something',
    fields: '`message` (what it says)',
    ends: false,
  },
  progress: { when: 'the agent has come further', fields: '`pct` (0–100), `message`', ends: false },
  artifact: {
    when: 'a piece of an artifact (`append`), or a whole one of several',
    fields: '`artifact`, `append`, `last_chunk`',
    ends: false,
  },
  input_required: {
    when: 'the agent asks its caller for more',
    fields: '`message` (the question)',
    ends: false,
  },
  auth_required: {
    when: 'the agent waits for an authorization of its caller',
    fields: '`message` (what for)',
    ends: false,
  },
  completed: {
    when: 'done; the stream ends',
    fields: '`artifact`, `artifacts` (when there are several), `message`',
    ends: true,
  },
  failed: { when: 'failed; the stream ends', fields: '`error`', ends: true },
  rejected: { when: 'the agent does not do it; the stream ends', fields: '`error`, `message`', ends: true },
  canceled: { when: 'canceled; the stream ends', fields: '–', ends: true },
};
