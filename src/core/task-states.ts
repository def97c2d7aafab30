/** The life of a task (seed 000): created → queued → running → completed | failed | canceled. */
export const TASK_STATES = ['created', 'queued', 'running', 'completed', 'failed', 'canceled'] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** The one table of legal transitions. `running → queued` is a requeue after an agent was lost. */
export const NEXT: Record<TaskState, readonly TaskState[]> = {
  created: ['queued'],
  queued: ['running', 'completed', 'failed', 'canceled'],
  running: ['queued', 'completed', 'failed', 'canceled'],
  completed: [],
  failed: [],
  canceled: [],
};

export type TerminalState = 'completed' | 'failed' | 'canceled';

export const isTerminal = (state: TaskState): state is TerminalState => NEXT[state].length === 0;
export const canMove = (from: TaskState, to: TaskState): boolean => NEXT[from].includes(to);
