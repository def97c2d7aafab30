import type { TaskEventWire, TaskWire } from '../../transport/orchestrator/orchestrator.wire.js';

/** The body of a call to a task's `callback_url`: the event as its stream has it, and the task as it was then. */
export type CallbackWire = TaskEventWire & {
  /** Of the event in the task's log; later calls have larger ones. */
  readonly sequence: number;
  readonly at: string;
  readonly task: TaskWire;
};
