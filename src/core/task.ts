import type { AgentName, AgentRef, Namespace, TaskId } from './ids.js';
import type { JsonObject } from './json.js';
import type { TaskState } from './task-states.js';

export const PRIORITIES = ['high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** One piece of a message or an artifact (A2A Part); fields besides `text` pass through unread. */
export interface Part extends JsonObject {
  readonly type?: string;
  readonly text?: string;
}

/** What the caller says to the agent (A2A Message). */
export interface Message {
  readonly role: 'user' | 'agent';
  readonly parts: readonly Part[];
}

/** What the agent made. `text` and `parts` can grow by chunks; other fields pass through. */
export interface Artifact extends JsonObject {
  readonly text?: string;
  readonly parts?: readonly Part[];
}

/** What an agent gets to work on; immutable, stored once. */
export interface TaskInput {
  readonly message: Message;
  readonly constraints: JsonObject;
  /** Caller's own metadata, handed to the agent beside `skill` and `constraints`. */
  readonly metadata: JsonObject;
}

/** How far an agent has come. */
export interface Progress {
  /** 0 to 100. */
  readonly pct: number;
  readonly message?: string;
}

/** Why a task failed; `message` is shown to the caller. */
export interface TaskFailure {
  readonly code: 'AGENT_FAILED' | 'TIMEOUT' | 'QUEUE_TIMEOUT' | 'AGENT_LOST' | 'MAX_ATTEMPTS';
  readonly message: string;
}

/** Why this agent, or why none: recorded with the task at each routing decision. */
export interface RoutingDecision {
  readonly strategy: string;
  readonly reason: string;
  /** Online agents that have the skill. */
  readonly candidates: number;
  /** Of these, agents with a free slot. */
  readonly available: number;
  readonly chosen: string | null;
  /** Load and capacity of the chosen agent before this task. */
  readonly load?: number;
  readonly max_concurrency?: number;
}

/** A result that came after the task had ended by timeout or loss. */
export interface LateResult {
  readonly status: TaskState;
  readonly at: number;
  readonly artifact?: Artifact;
  readonly error?: string;
}

/** The durable record of a task. Times are milliseconds since the epoch. */
export interface TaskRecord {
  readonly id: TaskId;
  readonly namespace: Namespace;
  /** Namespace whose agents may work on it; null: any (auth off and none asked for). */
  readonly scope: Namespace | null;
  readonly skill: string;
  /** Only this agent may work on it. */
  readonly pinnedAgent: AgentName | null;
  readonly contextId: string | null;
  readonly priority: Priority;
  /** Silence of the agent after which the task fails. */
  readonly timeoutMs: number;
  /** Safe to run twice: requeued whatever the loss policy. */
  readonly idempotent: boolean;
  /** Who submitted it (principal id), null without auth. */
  readonly createdBy: string | null;
  readonly createdAt: number;

  readonly state: TaskState;
  /** Sequence of its newest event; the first is 1. */
  readonly seq: number;
  /** Dispatches so far; a report counts only from the current one's agent. */
  readonly attempt: number;
  readonly agent: AgentRef | null;
  /** Credentials (principal id) that the agent was connected with: nobody else's reports count. */
  readonly agentPrincipal: string | null;
  readonly progress: Progress | null;
  readonly error: TaskFailure | null;
  readonly routing: RoutingDecision | null;
  readonly lateResult: LateResult | null;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  /** The moment at which it fails unless something happens first; null once ended. */
  readonly deadlineAt: number | null;
}

/** What happened, in the words of seed 000's streams. */
export type TaskEventBody =
  | { readonly event: 'queued'; readonly agent_id: AgentName | null }
  | { readonly event: 'running' }
  | { readonly event: 'progress'; readonly pct: number; readonly message?: string }
  | {
      readonly event: 'artifact';
      readonly artifact: Artifact;
      readonly append: true;
      readonly last_chunk: boolean;
    }
  | { readonly event: 'completed'; readonly artifact: Artifact | null }
  | { readonly event: 'failed'; readonly error: string }
  | { readonly event: 'canceled'; readonly reason?: string };

/** An entry of the task's log. `seq` is dense and starts at 1. */
export interface TaskEvent {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly body: TaskEventBody;
  /** `body` as JSON: encoded once, stored and streamed as it is. */
  readonly json: string;
}

export const taskEvent = (seq: number, at: number, body: TaskEventBody): TaskEvent => ({
  seq,
  at,
  body,
  json: JSON.stringify(body),
});

export const endsTask = (body: TaskEventBody): boolean =>
  body.event === 'completed' || body.event === 'failed' || body.event === 'canceled';

/** The task's state after an event. */
export function stateAfter(body: TaskEventBody): TaskState {
  return body.event === 'progress' || body.event === 'artifact' ? 'running' : body.event;
}

/** What an agent reports about a task it holds. */
export interface TaskReport {
  readonly status: 'running' | 'completed' | 'failed';
  readonly progress?: Progress;
  readonly artifact?: Artifact;
  /** The artifact is a chunk to add, not the whole. */
  readonly append?: boolean;
  readonly lastChunk?: boolean;
  readonly error?: string;
  /** The dispatch it belongs to; absent: the newest this agent got. */
  readonly attempt?: number;
}

/** A request for work, already checked by the protocol that took it in. */
export interface NewTask {
  readonly skill: string;
  readonly input: TaskInput;
  readonly namespace?: Namespace | undefined;
  readonly agent?: AgentName | undefined;
  readonly contextId?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly timeoutMs?: number | undefined;
  readonly idempotent?: boolean | undefined;
  readonly waitForAgent?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Hash of the request's meaning, compared when the key comes again. */
  readonly fingerprint?: string | undefined;
}
