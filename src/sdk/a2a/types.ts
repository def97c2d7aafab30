import type { Json, JsonObject } from '../../core/json.js';

/**
 * A2A's objects as the SDK hands them out and takes them: the JSON of A2A 0.3, whichever version and binding the other side
 * speaks.
 */

export const TASK_STATES = [
  'submitted',
  'working',
  'input-required',
  'auth-required',
  'completed',
  'failed',
  'canceled',
  'rejected',
  'unknown',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

const ENDS: ReadonlySet<TaskState> = new Set(['completed', 'failed', 'canceled', 'rejected']);

/** Whether a task in this state never changes again. */
export const hasEnded = (state: TaskState): boolean => ENDS.has(state);

/** Whether the task waits for its caller: for an answer, or for credentials. */
export const asksBack = (state: TaskState): boolean =>
  state === 'input-required' || state === 'auth-required';

export interface TextPart {
  readonly kind: 'text';
  readonly text: string;
  readonly metadata?: JsonObject;
}

/** A file: its content in Base64, or where it is. */
export interface FilePart {
  readonly kind: 'file';
  readonly file: {
    readonly name?: string;
    readonly mimeType?: string;
    readonly bytes?: string;
    readonly uri?: string;
  };
  readonly metadata?: JsonObject;
}

export interface DataPart {
  readonly kind: 'data';
  readonly data: Json;
  readonly metadata?: JsonObject;
}

export type Part = TextPart | FilePart | DataPart;
export type Role = 'user' | 'agent';

export interface Message {
  readonly kind: 'message';
  readonly messageId: string;
  readonly role: Role;
  readonly parts: readonly Part[];
  /** The conversation that it belongs to. */
  readonly contextId?: string;
  /** The task that it goes on with. */
  readonly taskId?: string;
  readonly referenceTaskIds?: readonly string[];
  readonly extensions?: readonly string[];
  readonly metadata?: JsonObject;
}

export interface TaskStatus {
  readonly state: TaskState;
  readonly message?: Message;
  /** ISO 8601, UTC. */
  readonly timestamp?: string;
}

export interface Artifact {
  readonly artifactId: string;
  readonly name?: string;
  readonly description?: string;
  readonly parts: readonly Part[];
  readonly metadata?: JsonObject;
}

export interface Task {
  readonly kind: 'task';
  readonly id: string;
  readonly contextId: string;
  readonly status: TaskStatus;
  readonly artifacts: readonly Artifact[];
  readonly history: readonly Message[];
  readonly metadata?: JsonObject;
}

/** A task has changed its state. */
export interface TaskStatusUpdate {
  readonly kind: 'status-update';
  readonly taskId: string;
  readonly contextId: string;
  readonly status: TaskStatus;
  /** The task has ended, or waits for its caller. */
  readonly final: boolean;
  readonly metadata?: JsonObject;
}

/** A piece of a task's result. */
export interface TaskArtifactUpdate {
  readonly kind: 'artifact-update';
  readonly taskId: string;
  readonly contextId: string;
  readonly artifact: Artifact;
  /** The parts belong behind those of the same artifact that came before; else they take their place. */
  readonly append: boolean;
  readonly lastChunk: boolean;
  readonly metadata?: JsonObject;
}

/** What a stream brings. */
export type UpdateEvent = Task | Message | TaskStatusUpdate | TaskArtifactUpdate;

export interface AgentSkill {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly examples?: readonly string[];
}

/** Where an agent is spoken to, in the order of its preference. */
export interface AgentInterface {
  readonly url: string;
  /** `JSONRPC`, `HTTP+JSON` or `GRPC`. */
  readonly protocolBinding: string;
  /** `1.0` or `0.3`. */
  readonly protocolVersion: string;
}

/** What an agent says about itself. Written out it has the fields of A2A 0.3 and of 1.0 beside each other. */
export interface AgentCard {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** Address of the preferred interface. */
  readonly url: string;
  readonly supportedInterfaces: readonly AgentInterface[];
  readonly capabilities: {
    readonly streaming: boolean;
    readonly pushNotifications: boolean;
    readonly stateTransitionHistory?: boolean;
  };
  readonly defaultInputModes: readonly string[];
  readonly defaultOutputModes: readonly string[];
  readonly skills: readonly AgentSkill[];
  readonly [more: string]: unknown;
}

/** All texts of some parts, joined. */
export const textOf = (parts: readonly Part[], between = '\n'): string =>
  parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join(between);

/** The text of all artifacts of a task; for a message, its own. */
export const resultText = (result: Task | Message): string =>
  result.kind === 'message'
    ? textOf(result.parts)
    : result.artifacts.map(({ parts }) => textOf(parts, '')).join('\n');
