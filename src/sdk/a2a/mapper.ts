import {
  Role,
  type Artifact as SdkArtifact,
  type Message as SdkMessage,
  type Part as SdkPart,
  type StreamResponse,
  type Task as SdkTask,
  type TaskStatus as SdkStatus,
} from '@a2a-js/sdk';
import { isObject, type Json, type JsonObject } from '../../core/json.js';
import {
  asksBack,
  hasEnded,
  type Artifact,
  type Message,
  type Part,
  type Task,
  type TaskState,
  type TaskStatus,
  type UpdateEvent,
} from './types.js';

/** Between this SDK's objects and the official SDK's, which are those of 1.0. */

/** By the numbers that 1.0 gives them. */
const STATES: readonly TaskState[] = [
  'unknown',
  'submitted',
  'working',
  'completed',
  'failed',
  'canceled',
  'input-required',
  'rejected',
  'auth-required',
];

export const toSdkState = (state: TaskState): number => STATES.indexOf(state);

/** A metadata object that says something. */
const given = (metadata: Record<string, unknown> | undefined): { metadata?: JsonObject } =>
  isObject(metadata) && Object.keys(metadata).length > 0 ? { metadata } : {};

export function fromSdkPart({ content, metadata, filename, mediaType }: SdkPart): Part {
  const file = { ...(filename && { name: filename }), ...(mediaType && { mimeType: mediaType }) };
  switch (content?.$case) {
    case 'raw':
      return { kind: 'file', file: { ...file, bytes: content.value.toString('base64') }, ...given(metadata) };
    case 'url':
      return { kind: 'file', file: { ...file, uri: content.value }, ...given(metadata) };
    case 'data':
      return { kind: 'data', data: content.value as Json, ...given(metadata) };
    case 'text':
    case undefined:
      return { kind: 'text', text: content?.value ?? '', ...given(metadata) };
  }
}

export function toSdkPart(part: Part): SdkPart {
  const bare = { metadata: part.metadata && { ...part.metadata }, filename: '', mediaType: '' };
  if (part.kind === 'text') return { ...bare, content: { $case: 'text', value: part.text } };
  if (part.kind === 'data') return { ...bare, content: { $case: 'data', value: part.data } };
  const { name = '', mimeType = '', bytes, uri = '' } = part.file;
  return {
    ...bare,
    filename: name,
    mediaType: mimeType,
    content:
      bytes === undefined
        ? { $case: 'url', value: uri }
        : { $case: 'raw', value: Buffer.from(bytes, 'base64') },
  };
}

export const fromSdkMessage = (message: SdkMessage): Message => ({
  kind: 'message',
  messageId: message.messageId,
  role: message.role === Role.ROLE_AGENT ? 'agent' : 'user',
  parts: message.parts.map(fromSdkPart),
  ...(message.contextId && { contextId: message.contextId }),
  ...(message.taskId && { taskId: message.taskId }),
  ...(message.referenceTaskIds.length > 0 && { referenceTaskIds: message.referenceTaskIds }),
  ...(message.extensions.length > 0 && { extensions: message.extensions }),
  ...given(message.metadata),
});

export const toSdkMessage = (message: Message): SdkMessage => ({
  messageId: message.messageId,
  role: message.role === 'agent' ? Role.ROLE_AGENT : Role.ROLE_USER,
  parts: message.parts.map(toSdkPart),
  contextId: message.contextId ?? '',
  taskId: message.taskId ?? '',
  referenceTaskIds: [...(message.referenceTaskIds ?? [])],
  extensions: [...(message.extensions ?? [])],
  metadata: message.metadata && { ...message.metadata },
});

const fromStatus = (status: SdkStatus | undefined): TaskStatus => ({
  state: STATES[status?.state ?? 0] ?? 'unknown',
  ...(status?.message && { message: fromSdkMessage(status.message) }),
  ...(status?.timestamp && { timestamp: status.timestamp }),
});

const fromArtifact = (artifact: SdkArtifact | undefined): Artifact => ({
  artifactId: artifact?.artifactId ?? '',
  ...(artifact?.name && { name: artifact.name }),
  ...(artifact?.description && { description: artifact.description }),
  parts: artifact?.parts.map(fromSdkPart) ?? [],
  ...given(artifact?.metadata),
});

export const fromSdkTask = (task: SdkTask): Task => ({
  kind: 'task',
  id: task.id,
  contextId: task.contextId,
  status: fromStatus(task.status),
  artifacts: task.artifacts.map(fromArtifact),
  history: task.history.map(fromSdkMessage),
  ...given(task.metadata),
});

/** Undefined: of a kind that this SDK does not know, which a later version of A2A may have. */
export function fromStreamResponse({ payload }: StreamResponse): UpdateEvent | undefined {
  switch (payload?.$case) {
    case 'task':
      return fromSdkTask(payload.value);
    case 'message':
      return fromSdkMessage(payload.value);
    case 'statusUpdate': {
      const { taskId, contextId, metadata } = payload.value;
      const status = fromStatus(payload.value.status);
      const final = hasEnded(status.state) || asksBack(status.state);
      return { kind: 'status-update', taskId, contextId, status, final, ...given(metadata) };
    }
    case 'artifactUpdate': {
      const { taskId, contextId, append, lastChunk, metadata } = payload.value;
      const artifact = fromArtifact(payload.value.artifact);
      return { kind: 'artifact-update', taskId, contextId, artifact, append, lastChunk, ...given(metadata) };
    }
    case undefined:
      return undefined;
  }
}
