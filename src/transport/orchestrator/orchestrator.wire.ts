import type { JsonObject } from '../../core/json.js';
import type {
  Artifact,
  Message,
  Priority,
  Progress,
  RoutingDecision,
  TaskEventBody,
  TaskFailure,
} from '../../core/task.js';
import type { TaskState } from '../../core/task-states.js';

/** The orchestrator's side of seed 000, as REST and JSON-RPC both speak it. Times are RFC 3339 in UTC. */

/** A part of a message: `{text}`, `{type:"text", …}` and `{kind:"text", …}` are all understood. */
export interface PartWire extends JsonObject {
  readonly type?: string;
  readonly kind?: string;
  readonly text?: string;
}

export interface MessageWire {
  readonly role?: 'user' | 'agent';
  readonly parts: readonly PartWire[];
}

/** POST /tasks and the params of `tasks/send`. */
export interface NewTaskWire {
  readonly skill: string;
  /** What to do; or `message` instead. */
  readonly instruction?: string;
  readonly message?: MessageWire;
  readonly constraints?: JsonObject;
  readonly metadata?: JsonObject;
  readonly namespace?: string;
  /** Only this agent may work on it. */
  readonly agent_id?: string;
  /** Tasks of one context prefer one agent (strategy `affinity`). */
  readonly context_id?: string;
  readonly priority?: Priority;
  /** Seconds without a report after which the task fails. */
  readonly timeout_s?: number;
  /** Safe to run twice: handed out again whenever an agent is lost. */
  readonly idempotent?: boolean;
  /** Waits although no online agent has the skill. */
  readonly wait_for_agent?: boolean;
  /** Told of every change of the state after the submission. */
  readonly callback_url?: string;
  /** Signs these calls (Standard Webhooks): `whsec_` and 24 to 64 bytes in base64. */
  readonly callback_secret?: string;
}

/** The acknowledgement of a task: committed and on disk. */
export interface TaskAckWire {
  readonly task_id: string;
  readonly status: 'queued';
  readonly assigned_agent: string | null;
}

/** GET /tasks/:id, `tasks/get`. */
export interface TaskWire {
  readonly task_id: string;
  readonly status: TaskState;
  readonly skill: string;
  readonly assigned_agent: string | null;
  readonly namespace: string;
  readonly priority: Priority;
  readonly context_id?: string;
  /** Dispatches so far. */
  readonly attempt: number;
  readonly progress?: Progress;
  /** The main artifact, or the only one. */
  readonly artifact?: Artifact;
  /** All of them, where there are several, and as far as they have grown while the task goes on. */
  readonly artifacts?: readonly Artifact[];
  /** What the agent says about where the task stands: what it asks for while it is `input_required`. */
  readonly message?: Message;
  readonly error?: string;
  readonly error_code?: TaskFailure['code'];
  readonly late_result?: LateResultWire;
  readonly routing?: RoutingDecision;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at?: string;
}

/** What came after the task had failed by timeout or loss. */
export interface LateResultWire {
  readonly status: TaskState;
  readonly at: string;
  readonly artifact?: Artifact;
  readonly error?: string;
}

/** GET /tasks. */
export interface TaskListWire {
  readonly tasks: readonly TaskWire[];
  /** Give it as `cursor` for the next page; null: this was the last. */
  readonly next_cursor: string | null;
}

export interface SkillWire {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** An agent that is online, or a remote one that the gateway looks for. */
export interface AgentWire {
  /** Same as `name`: the name is the id within the namespace. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly namespace: string;
  readonly kind: string;
  readonly skills: readonly SkillWire[];
  readonly load: number;
  readonly max_concurrency: number;
  readonly status: 'online' | 'offline';
  readonly connected_at: string;
  readonly last_seen: string;
}

/** GET /agents, `agents/list`. */
export interface AgentListWire {
  readonly agents: readonly AgentWire[];
  readonly total: number;
}

/** The data of an event of a task's stream. */
export type TaskEventWire = TaskEventBody & { readonly task_id: string };

/** POST /routing/explain: what would be decided, and between whom. */
export interface RoutingExplanationWire extends RoutingDecision {
  readonly skill: string;
  /** Least loaded first, at most 100. */
  readonly agents: readonly {
    readonly agent_id: string;
    readonly namespace: string;
    readonly load: number;
    readonly max_concurrency: number;
    readonly available: boolean;
  }[];
}
