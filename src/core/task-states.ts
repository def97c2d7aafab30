/**
 * The life of a task (seed 000): created → queued → running → completed | failed | canceled | rejected.
 * On the way the agent may ask its caller back (A2A): `input_required`, `auth_required`.
 */
export const TASK_STATES = [
  'created',
  'queued',
  'running',
  'input_required',
  'auth_required',
  'completed',
  'failed',
  'canceled',
  'rejected',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

const ENDS = ['completed', 'failed', 'canceled', 'rejected'] as const;
const FROM_INTERRUPTED = ['input_required', 'auth_required', 'queued', 'running', ...ENDS] as const;

/**
 * The one table of legal transitions. `running → queued` is a requeue after an agent was lost; from an interruption
 * `queued` is the caller's answer on its way to the agent, `running` the agent that went on by itself.
 */
export const NEXT: Record<TaskState, readonly TaskState[]> = {
  created: ['queued'],
  queued: ['running', 'input_required', 'auth_required', ...ENDS],
  running: ['queued', 'input_required', 'auth_required', ...ENDS],
  input_required: FROM_INTERRUPTED.filter((state) => state !== 'input_required'),
  auth_required: FROM_INTERRUPTED.filter((state) => state !== 'auth_required'),
  completed: [],
  failed: [],
  canceled: [],
  rejected: [],
};

export type TerminalState = (typeof ENDS)[number];
/** The agent waits for its caller. */
export type InterruptedState = 'input_required' | 'auth_required';

export const isTerminal = (state: TaskState): state is TerminalState => NEXT[state].length === 0;
export const isInterrupted = (state: TaskState): state is InterruptedState =>
  state === 'input_required' || state === 'auth_required';
export const canMove = (from: TaskState, to: TaskState): boolean => NEXT[from].includes(to);
