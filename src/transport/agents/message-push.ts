import type { AgentMessage } from '../../core/agent-message.js';
import { isoTime } from '../../core/clock.js';
import type { PushWire } from './message.wire.js';

/** The seed's push body, its fields in its order. */
export const toPush = (message: AgentMessage): PushWire => ({
  message_id: message.id,
  conversation_id: message.conversationId,
  from_agent_id: message.from,
  content: message.content,
  metadata: message.metadata,
  timestamp: isoTime(message.at),
});
