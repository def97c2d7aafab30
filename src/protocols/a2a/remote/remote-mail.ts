import type { AgentMessage } from '../../../core/agent-message.js';
import { GatewayError } from '../../../core/errors.js';
import type { Part } from '../../../core/task.js';
import { fromPart } from '../handler/a2a.mapper.js';
import type { RemoteClient } from './remote-client.js';
import { wordsOf } from './remote-errors.js';
import { isRefused } from './remote-updates.js';

/** A2A's number of the role; the SDK's enum is not loaded for it. */
const ROLE_USER = 1;

/**
 * Hands a remote agent a message of another agent: an A2A message with its content, who says it and in which conversation in the
 * metadata. What the agent makes of it is its own business: no task here follows it.
 * @throws GatewayError UPSTREAM when the agent has not taken it
 */
export async function deliver(client: RemoteClient, mail: AgentMessage, signal: AbortSignal): Promise<void> {
  const { id, conversationId, from, content, metadata } = mail;
  const message = {
    messageId: id,
    contextId: '',
    taskId: '',
    role: ROLE_USER,
    parts: content.map((block) => fromPart(block as Part)),
    metadata: { ...metadata, from_agent_id: from, conversation_id: conversationId },
    extensions: [],
    referenceTaskIds: [],
  };
  const configuration = {
    acceptedOutputModes: [],
    taskPushNotificationConfig: undefined,
    returnImmediately: true,
  };
  try {
    const answer = await client.send({ tenant: '', message, configuration, metadata: undefined }, signal);
    if (isRefused(answer)) throw new Error('the agent refused it');
  } catch (error) {
    throw new GatewayError('UPSTREAM', `remote agent: ${wordsOf(error)}`, { cause: error });
  }
}
