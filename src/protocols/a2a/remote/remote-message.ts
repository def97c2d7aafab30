import type { SendMessageRequest } from '@a2a-js/sdk';
import type { TaskRecord } from '../../../core/task.js';
import type { Assignment } from '../../../engine/registry/agent-connection.js';
import { fromMessage } from '../handler/a2a.mapper.js';

/** What the remote agent calls a task and its context; empty: it does not know them yet. */
export interface RemoteIds {
  readonly taskId: string;
  readonly contextId: string;
}

/** A task that the agent knows. */
export interface KnownTask extends RemoteIds {
  /** How it asked its caller, where it did and that is known (stale-question.ts). */
  readonly asked?: string | undefined;
}

export interface Outgoing {
  readonly assignment: Assignment;
  readonly record: TaskRecord;
  readonly remote: RemoteIds;
  /** Tells the agent which of its skills is meant. */
  readonly nameSkill: boolean;
  readonly messageId: string;
}

/** The message of an assignment as a remote agent gets it: parts, metadata and extensions as the caller sent them. */
export function toRequest({
  assignment,
  record,
  remote,
  nameSkill,
  messageId,
}: Outgoing): SendMessageRequest {
  const { input, skill } = assignment;
  const { message } = input;
  const metadata = { ...message.metadata, ...(nameSkill && { skill }) };
  const hasConstraints = Object.keys(input.constraints).length > 0;
  return {
    tenant: '',
    message: {
      ...fromMessage(message, record),
      ...remote,
      messageId,
      // Other tasks have other names there.
      referenceTaskIds: [],
      metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
    },
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      returnImmediately: true,
    },
    metadata: {
      ...input.metadata,
      ...(nameSkill && { skill }),
      ...(hasConstraints && { constraints: input.constraints }),
    },
  };
}

/**
 * The same for the same message, however often it is sent, so that an agent that knows messages again does the work once;
 * different for each answer of the caller, and when an agent has forgotten the task.
 */
export function messageIdOf({ id, turn, attempt }: TaskRecord, anew: boolean): string {
  if (turn !== null) return `${id}-${turn}`;
  return anew ? `${id}-again-${attempt}` : id;
}
