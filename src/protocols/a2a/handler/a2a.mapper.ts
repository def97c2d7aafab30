import type {
  Artifact as A2aArtifact,
  Message as A2aMessage,
  Part as A2aPart,
  Task,
  TaskStatus,
} from '@a2a-js/sdk';
import { isoTime } from '../../../core/clock.js';
import { isObject, type Json, type JsonObject } from '../../../core/json.js';
import {
  agentSays,
  MAIN_ARTIFACT,
  type Artifact,
  type Message,
  type Part,
  type TaskRecord,
} from '../../../core/task.js';
import type { TaskState } from '../../../core/task-states.js';

/**
 * Between the core and A2A. Of A2A's types the ones of 1.0, which the SDK's codecs translate into 0.3; its enums are numbers,
 * repeated here so that the SDK is loaded only when somebody speaks A2A.
 */
const STATE = {
  submitted: 1,
  working: 2,
  completed: 3,
  failed: 4,
  canceled: 5,
  inputRequired: 6,
  rejected: 7,
  authRequired: 8,
} as const;
const ROLE: { readonly user: number; readonly agent: number } = { user: 1, agent: 2 };

const STATES: Record<TaskState, number> = {
  created: STATE.submitted,
  queued: STATE.submitted,
  running: STATE.working,
  input_required: STATE.inputRequired,
  auth_required: STATE.authRequired,
  completed: STATE.completed,
  failed: STATE.failed,
  canceled: STATE.canceled,
  rejected: STATE.rejected,
};

/** The core's state for a filter of A2A; undefined: no task here is ever in it. */
export const stateOf = (state: number): TaskState | undefined =>
  (Object.keys(STATES) as TaskState[]).find((name) => name !== 'created' && STATES[name] === state);

/** A part as bots get it: `type` names its kind, files are as in A2A 0.3. */
export function toPart({ content, filename, mediaType, metadata }: A2aPart): Part {
  const rest = metadata && Object.keys(metadata).length > 0 ? { metadata: metadata } : {};
  const file = { ...(filename && { name: filename }), ...(mediaType && { mimeType: mediaType }) };
  switch (content?.$case) {
    case 'text':
      return { type: 'text', text: content.value, ...rest };
    case 'raw':
      return {
        type: 'file',
        file: { bytes: Buffer.from(content.value).toString('base64'), ...file },
        ...rest,
      };
    case 'url':
      return { type: 'file', file: { uri: content.value, ...file }, ...rest };
    case 'data':
      return { type: 'data', data: content.value as Json, ...rest };
    case undefined:
      return { type: 'text', text: '' };
  }
}

/** A bot's part as A2A has it; what is of no kind that A2A knows goes as data. */
export function fromPart(part: Part): A2aPart {
  const { text, file, data, metadata } = part;
  const given = isObject(metadata) ? { ...metadata } : undefined;
  const bare = { metadata: given, filename: '', mediaType: '' };
  if (typeof text === 'string') return { ...bare, content: { $case: 'text', value: text } };
  if (isObject(file)) return fromFile(file, given);
  return { ...bare, content: { $case: 'data', value: data ?? part } };
}

function fromFile(
  { name, mimeType, bytes, uri }: JsonObject,
  metadata: Record<string, unknown> | undefined,
): A2aPart {
  const named = {
    metadata,
    filename: typeof name === 'string' ? name : '',
    mediaType: typeof mimeType === 'string' ? mimeType : '',
  };
  if (typeof bytes === 'string')
    return { ...named, content: { $case: 'raw', value: Buffer.from(bytes, 'base64') } };
  return { ...named, content: { $case: 'url', value: typeof uri === 'string' ? uri : '' } };
}

/** As it came: what is empty was not there. */
export function toMessage(message: A2aMessage): Message {
  const { messageId, contextId, taskId, metadata, extensions, referenceTaskIds } = message;
  return {
    role: Number(message.role) === ROLE.agent ? 'agent' : 'user',
    parts: message.parts.map(toPart),
    ...(messageId && { messageId }),
    ...(contextId && { contextId }),
    ...(taskId && { taskId }),
    ...(metadata && Object.keys(metadata).length > 0 && { metadata }),
    ...(extensions.length > 0 && { extensions }),
    ...(referenceTaskIds.length > 0 && { referenceTaskIds }),
  };
}

/** A message of a task; `fallbackId` where it came without an id. */
export const fromMessage = (
  message: Message,
  { id, contextId, seq }: TaskRecord,
  fallbackId = `${id}-${seq}`,
): A2aMessage => ({
  messageId: message.messageId ?? fallbackId,
  contextId: contextId ?? '',
  taskId: id,
  role: message.role === 'agent' ? ROLE.agent : ROLE.user,
  parts: message.parts.map(fromPart),
  metadata: message.metadata && { ...message.metadata },
  extensions: [...(message.extensions ?? [])],
  referenceTaskIds: [...(message.referenceTaskIds ?? [])],
});

export function fromArtifact(artifact: Artifact): A2aArtifact {
  const { artifact_id: id, text, parts = [], name, description, metadata, extensions, ...rest } = artifact;
  const own =
    Object.keys(rest).length > 0 && text === undefined && parts.length === 0 ? [{ data: rest } as Part] : [];
  const all = [...(text === undefined ? [] : [{ text }]), ...parts, ...own];
  return {
    artifactId: id ?? MAIN_ARTIFACT,
    name: typeof name === 'string' ? name : '',
    description: typeof description === 'string' ? description : '',
    parts: (all.length > 0 ? all : [{ text: '' }]).map(fromPart),
    metadata: isObject(metadata) ? { ...metadata } : undefined,
    extensions: Array.isArray(extensions) ? extensions.filter((uri) => typeof uri === 'string') : [],
  };
}

/** A status at a moment; `said` is what there is to say about it. */
export const statusOf = (
  record: TaskRecord,
  state: TaskState,
  at: number,
  said?: Message | string | null,
): TaskStatus => ({
  state: STATES[state],
  message: said ? fromMessage(typeof said === 'string' ? agentSays(said) : said, record) : undefined,
  timestamp: isoTime(at),
});

/** What a failure says to A2A's callers; in the production profile nothing of the agent's own words. */
export type FailureText = (error: string) => string;

export interface TaskParts {
  readonly record: TaskRecord;
  readonly artifacts: readonly Artifact[];
  /** What the agent says about where the task stands. */
  readonly message: Message | null;
  readonly history: readonly Message[];
}

export function fromTask({ record, artifacts, message, history }: TaskParts, failure: FailureText): Task {
  const said = message ?? (record.error && failure(record.error.message));
  return {
    id: record.id,
    contextId: record.contextId ?? '',
    status: statusOf(record, record.state, record.updatedAt, said),
    artifacts: artifacts.map(fromArtifact),
    history: history.map((one) => fromMessage(one, record)),
    metadata: { skill: record.skill, ...(record.agent && { agentId: record.agent.name }) },
  };
}

/** A task that nobody has, as if it were canceled. */
export const canceledTask = (id: string, at: number): Task => ({
  id,
  contextId: '',
  status: { state: STATES.canceled, message: undefined, timestamp: isoTime(at) },
  artifacts: [],
  history: [],
  metadata: undefined,
});
