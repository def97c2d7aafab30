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
    when: 'the task is in; again when it is handed to another agent',
    fields: '`agent_id` (null: waits)',
    ends: false,
  },
  running: { when: 'the agent has begun', fields: '–', ends: false },
  progress: { when: 'the agent has come further', fields: '`pct` (0–100), `message`', ends: false },
  artifact: {
    when: 'a piece of the result',
    fields: '`artifact`, `append`, `last_chunk`',
    ends: false,
  },
  completed: { when: 'done; the stream ends', fields: '`artifact`', ends: true },
  failed: { when: 'failed; the stream ends', fields: '`error`', ends: true },
  canceled: { when: 'canceled; the stream ends', fields: '–', ends: true },
};
