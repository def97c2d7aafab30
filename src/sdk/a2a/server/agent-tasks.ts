import QuickLRU from 'quick-lru';
import { randomUUID } from 'node:crypto';
import type { Agent } from '../agent/agent.js';
import { AgentFailedError } from '../errors.js';
import { asksBack, type Message } from '../types.js';
import { AgentRun } from './agent-run.js';

export interface AgentTasksOptions {
  /** Ended tasks that are remembered. */
  readonly keep: number;
  /** Whether callers read why the agent failed. */
  readonly exposeErrorDetails: boolean;
  readonly onError: (error: unknown) => void;
}

const MAX_CONTEXTS = 1_000;
/** Turns of one conversation that the agent is told. */
const MAX_TURNS = 200;
const FAILED = 'The agent failed';

/** The tasks of one agent, in memory, and the conversations that they belong to. */
export class AgentTasks {
  /** In the order of their beginning. */
  private readonly runs = new Map<string, AgentRun>();
  private readonly contexts = new QuickLRU<string, readonly Message[]>({ maxSize: MAX_CONTEXTS });

  constructor(
    private readonly agent: Agent,
    private readonly options: AgentTasksOptions,
  ) {}

  get(id: string): AgentRun | undefined {
    return this.runs.get(id);
  }

  /** Newest first. */
  list(): AgentRun[] {
    return [...this.runs.values()].sort((a, b) => b.changedAt - a.changedAt);
  }

  /** A new task for a message; the agent begins at once. */
  start(message: Message): AgentRun {
    const run = new AgentRun(message.contextId ?? randomUUID());
    this.runs.set(run.id, run);
    this.forgetOld();
    this.goOn(run, message);
    return run;
  }

  /** A task that waits for its caller gets the answer. */
  goOn(run: AgentRun, message: Message): void {
    run.hear(message);
    if (asksBack(run.state)) run.move('submitted');
    // Whoever sent it sees the task first as it was before the agent began.
    queueMicrotask(() => void this.work(run, message));
  }

  cancel(run: AgentRun): void {
    run.move('canceled');
    run.control.abort(new Error('the task was canceled'));
  }

  cancelAll(): void {
    for (const run of this.runs.values()) if (!run.hasEnded) this.cancel(run);
  }

  private async work(run: AgentRun, message: Message): Promise<void> {
    if (run.hasEnded) return; // canceled before it began
    const { contextId, control } = run;
    const history = this.contexts.get(contextId) ?? [];
    this.remember(contextId, message);
    run.move('working');
    try {
      for await (const event of this.agent.run({ message, contextId, history, signal: control.signal })) {
        run.take(event);
        if (run.rests) return this.rememberAnswer(run);
      }
      run.move('completed');
    } catch (error) {
      if (!run.hasEnded) this.options.onError(error);
      run.move('failed', this.options.exposeErrorDetails ? wordsOf(error) : FAILED);
    }
    this.rememberAnswer(run);
  }

  private rememberAnswer({ contextId, turn }: AgentRun): void {
    if (turn) this.remember(contextId, turn);
  }

  private remember(contextId: string, turn: Message): void {
    this.contexts.set(contextId, [...(this.contexts.get(contextId) ?? []), turn].slice(-MAX_TURNS));
  }

  private forgetOld(): void {
    for (const [id, { hasEnded }] of this.runs) {
      if (this.runs.size <= this.options.keep) return;
      if (hasEnded) this.runs.delete(id);
    }
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof AgentFailedError
    ? error.said || error.message
    : String((error as Error)?.message ?? error);
