import type { MessageId } from '../../core/agent-message.js';
import { isoTime } from '../../core/clock.js';
import type { TaskId } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { Handed } from '../../engine/mail/inbox.js';
import type { Assignment } from '../../engine/registry/agent-connection.js';
import { toPush } from '../../transport/agents/message-push.js';
import type { PushWire } from '../../transport/agents/message.wire.js';
import { withType } from '../../transport/agents/parts.js';
import type { PulledWire } from './webhook.wire.js';

/** Who tasks come from. */
const GATEWAY = 'gateway';

/** A task as a message whose metadata names it. */
export const toTaskPush = (id: MessageId, assignment: Assignment, at: number): PushWire => ({
  message_id: id,
  conversation_id: conversationOf(assignment.taskId),
  from_agent_id: GATEWAY,
  content: assignment.input.message.parts.map(withType),
  metadata: taskMetadata(assignment),
  timestamp: isoTime(at),
});

/** Word that a task is canceled. */
export const toCancelPush = (id: MessageId, taskId: TaskId, at: number): PushWire => ({
  message_id: id,
  conversation_id: conversationOf(taskId),
  from_agent_id: GATEWAY,
  content: [],
  metadata: { kind: 'cancel', task_id: taskId },
  timestamp: isoTime(at),
});

/** All that is said about one task is one conversation. */
const conversationOf = (taskId: TaskId): string => `conv-${taskId.slice(2)}`;

/** The caller's own metadata, and what the gateway says about the task, which nobody can overwrite. */
function taskMetadata(assignment: Assignment): JsonObject {
  const { taskId, skill, attempt, input, continuation, history } = assignment;
  const { metadata, constraints } = input;
  const about = { kind: 'task', task_id: taskId, skill, constraints, attempt };
  const said = history && history.map(({ role, parts }) => ({ role, parts: parts.map(withType) }));
  return { ...metadata, ...about, ...(continuation && { continuation }), ...(said && { history: said }) };
}

/** One thing of an inbox, as a worker gets it. */
export function toPulled(handed: Handed): PulledWire {
  const lease = { lease_id: handed.leaseId, lease_expires_at: isoTime(handed.until) };
  if (handed.kind === 'message') return { kind: 'message', ...lease, ...toPush(handed.message) };
  const { messageId, taskId, assignment, at } = handed.item;
  if (!assignment)
    return { kind: 'cancel', ...lease, task_id: taskId, ...toCancelPush(messageId, taskId, at) };
  const { skill, attempt } = assignment;
  const about = { task_id: taskId, skill, attempt };
  return { kind: 'task', ...lease, ...about, ...toTaskPush(messageId, assignment, at) };
}
