import { isObject, type JsonObject } from '../../core/json.js';
import type { Artifact } from '../../core/task.js';
import type { PushWire } from '../../transport/agents/message.wire.js';

/** The result of a task: a text, or an artifact; nothing: done without one. */
export type AgentResult = string | Artifact | undefined | void;

/** A report on a task, as POST /gateway/tasks/:id/status takes it. */
export type AgentReport = JsonObject & { readonly status: string };

/** A task that the gateway has posted, or handed out from an inbox. */
export class AgentTask {
  readonly id: string;
  readonly skill: string;
  /** Goes back with every report: the gateway does not hear an earlier dispatch any more. */
  readonly attempt: number;
  readonly content: readonly JsonObject[];
  /** All texts of the content, joined by line feeds. */
  readonly instruction: string;
  readonly constraints: JsonObject;
  /** The caller's metadata, and what the gateway says about the task. */
  readonly metadata: JsonObject;
  /** The caller's answer to a question of this agent. */
  readonly isContinuation: boolean;

  constructor(
    { content, metadata }: PushWire,
    /** Aborts when the task is canceled or the agent closes: stop working; nothing more is reported. */
    readonly signal: AbortSignal,
    private readonly tell: (taskId: string, report: AgentReport) => Promise<void>,
  ) {
    this.id = taskIdOf({ metadata });
    this.skill = typeof metadata['skill'] === 'string' ? metadata['skill'] : '';
    this.attempt = typeof metadata['attempt'] === 'number' ? metadata['attempt'] : 1;
    this.content = content;
    this.instruction = content.flatMap(({ text: said }) => (typeof said === 'string' ? said : [])).join('\n');
    this.constraints = isObject(metadata['constraints']) ? metadata['constraints'] : {};
    this.metadata = metadata;
    this.isContinuation = metadata['continuation'] === true;
  }

  /** Reports how far it is: 0 to 100. Also says that the agent still works, which the task's timeout waits for. */
  progress(pct: number, message?: string): Promise<void> {
    return this.report({ status: 'running', pct, ...(message !== undefined && { message }) });
  }

  /** Reports anything that POST /gateway/tasks/:id/status takes; resolves when it is stored. */
  async report(report: AgentReport): Promise<void> {
    if (!this.signal.aborted) await this.tell(this.id, { ...report, attempt: this.attempt });
  }
}

/** Works on a task: what it returns is the result, what it throws fails the task with the error's message. */
export type OnTask = (task: AgentTask) => AgentResult | Promise<AgentResult>;

/** The report that ends a task. */
export async function reportOf(task: AgentTask, work: OnTask): Promise<AgentReport> {
  const { attempt } = task;
  try {
    const result = await work(task);
    const artifact = typeof result === 'string' ? { text: result } : result;
    return { status: 'completed', attempt, ...(artifact && { artifact }) };
  } catch (error) {
    return { status: 'failed', attempt, error: error instanceof Error ? error.message : String(error) };
  }
}

/** The task that a post is about; empty: none. */
export const taskIdOf = ({ metadata }: Pick<PushWire, 'metadata'>): string =>
  typeof metadata['task_id'] === 'string' ? metadata['task_id'] : '';

/** Whether a post is a message, a task or word of its end. */
export const kindOf = (push: PushWire): 'message' | 'task' | 'cancel' => {
  const kind = taskIdOf(push) === '' ? undefined : push.metadata['kind'];
  return kind === 'task' || kind === 'cancel' ? kind : 'message';
};
