import type { NewFollower } from './follower.js';
import type { AgentName, AgentRef, Namespace, TaskId } from './ids.js';
import type { JsonObject } from './json.js';
import { isInterrupted, isTerminal, type InterruptedState, type TaskState } from './task-states.js';

export const PRIORITIES = ['high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** One piece of a message or an artifact (A2A Part); fields besides `text` pass through unread. */
export interface Part extends JsonObject {
  readonly type?: string;
  readonly text?: string;
}

/** What the caller says to the agent, or the agent to its caller (A2A Message); passes through unchanged. */
export interface Message {
  readonly role: 'user' | 'agent';
  readonly parts: readonly Part[];
  readonly messageId?: string;
  readonly contextId?: string;
  readonly taskId?: string;
  readonly metadata?: JsonObject;
  readonly extensions?: readonly string[];
  readonly referenceTaskIds?: readonly string[];
}

/** What an agent says in plain words. */
export const agentSays = (text: string): Message => ({ role: 'agent', parts: [{ type: 'text', text }] });

/** The id of the artifact that comes without one. */
export const MAIN_ARTIFACT = 'result';

/**
 * What the agent made. `text` and `parts` can grow by chunks; other fields pass through. A task may have several, told
 * apart by `artifact_id`; without one it is the main artifact.
 */
export interface Artifact extends JsonObject {
  readonly artifact_id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly metadata?: JsonObject;
  readonly extensions?: readonly string[];
  readonly text?: string;
  readonly parts?: readonly Part[];
}

export const artifactId = ({ artifact_id: id }: Artifact): string => id ?? MAIN_ARTIFACT;

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

/** Why a task failed or was rejected; `message` is shown to the caller. */
export interface TaskFailure {
  readonly code: 'AGENT_FAILED' | 'REJECTED' | 'TIMEOUT' | 'QUEUE_TIMEOUT' | 'AGENT_LOST' | 'MAX_ATTEMPTS';
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
  /** Sequence of the caller's newest answer, which the agent that asked for it goes on with; null: it works from the input. */
  readonly turn: number | null;
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
  /** `message`: the caller's answer to what the agent asked. Without one the work begins (anew). */
  | { readonly event: 'queued'; readonly agent_id: AgentName | null; readonly message?: Message }
  | { readonly event: 'running'; readonly message?: Message }
  | { readonly event: 'progress'; readonly pct: number; readonly message?: string }
  | {
      readonly event: 'artifact';
      readonly artifact: Artifact;
      /** It adds to what there is under its id; false: it is the whole. */
      readonly append: boolean;
      readonly last_chunk: boolean;
    }
  | { readonly event: InterruptedState; readonly message?: Message }
  | CompletedBody
  | { readonly event: 'failed'; readonly error: string }
  | { readonly event: 'canceled'; readonly reason?: string }
  | { readonly event: 'rejected'; readonly error: string; readonly message?: Message };

export interface CompletedBody {
  readonly event: 'completed';
  /** The main artifact, or the only one. */
  readonly artifact: Artifact | null;
  /** All of them, where there are several. */
  readonly artifacts?: readonly Artifact[];
  /** What the agent says with it, or instead of an artifact. */
  readonly message?: Message;
}

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

/** The task's state after an event. */
export function stateAfter(body: TaskEventBody): TaskState {
  return body.event === 'progress' || body.event === 'artifact' ? 'running' : body.event;
}

export const endsTask = (body: TaskEventBody): boolean => isTerminal(stateAfter(body));
/** The agent waits for its caller from this event on. */
export const interruptsTask = (body: TaskEventBody): boolean => isInterrupted(stateAfter(body));

/** What caller or agent says with an event. */
export const messageOf = (body: TaskEventBody): Message | undefined =>
  'message' in body && typeof body.message === 'object' ? body.message : undefined;

/** The last entry of a log that ended well says what was made. */
export function completedBody(artifacts: readonly Artifact[], message?: Message): CompletedBody {
  const main = artifacts.find((artifact) => artifactId(artifact) === MAIN_ARTIFACT);
  const only = artifacts.length === 1 ? artifacts[0] : undefined;
  return {
    event: 'completed',
    artifact: main ?? only ?? null,
    ...(artifacts.length > 1 && { artifacts }),
    ...(message && { message }),
  };
}

export const artifactsOf = ({ artifact, artifacts }: CompletedBody): readonly Artifact[] =>
  artifacts ?? (artifact ? [artifact] : []);

/** What an agent reports about a task it holds, or waits with for its caller. */
export interface TaskReport {
  readonly status: 'running' | InterruptedState | 'completed' | 'failed' | 'rejected';
  readonly progress?: Progress;
  readonly artifact?: Artifact;
  /** The artifact is a chunk to add, not the whole. */
  readonly append?: boolean;
  readonly lastChunk?: boolean;
  /** What the agent says: a question, a word about where it stands, an answer. */
  readonly message?: Message | string;
  readonly error?: string;
  /** The dispatch it belongs to; absent: the newest this agent got. */
  readonly attempt?: number;
}

/** Where the submitter wants to be told how his task goes. */
export interface Callback {
  readonly url: string;
  /** Signs what is sent there (Standard Webhooks). */
  readonly secret?: string | undefined;
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
  readonly callback?: Callback | undefined;
  /** Who is told about it. */
  readonly followers?: readonly NewFollower[] | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Hash of the request's meaning, compared when the key comes again. */
  readonly fingerprint?: string | undefined;
}
