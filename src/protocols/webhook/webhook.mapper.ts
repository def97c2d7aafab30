import type { AgentView } from '../../core/agent.js';
import { isoTime } from '../../core/clock.js';
import type { DeliveryAttempt } from '../../core/delivery.js';
import { invalid } from '../../core/errors.js';
import type { AgentName } from '../../core/ids.js';
import { isObject, type JsonObject } from '../../core/json.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { NewMessage } from '../../engine/mail/messages.service.js';
import type { MessageRecord } from '../../core/message-record.js';
import type { Member } from '../../core/member.js';
import { toPush } from '../../transport/agents/message-push.js';
import { bodyObject, optionalObject } from './fields.js';
import type { MemberStatusWire, MemberWire, MessageWire, TriedMessageWire } from './webhook.wire.js';

const MAX_BLOCKS = 1000;
const MAX_CONVERSATION = 256;

/** The body of POST /gateway/send. @throws GatewayError INVALID naming the field */
export function toNewMessage(body: unknown): NewMessage & { readonly queued: boolean } {
  const fields = bodyObject(body);
  const metadata = optionalObject('metadata', fields['metadata']);
  const conversation = fields['conversation_id'] || undefined;
  return {
    from: checkName('from_agent_id', fields['from_agent_id']) as AgentName,
    to: checkName('to_agent_id', fields['to_agent_id']) as AgentName,
    conversationId: checkOptionalName('conversation_id', conversation, MAX_CONVERSATION),
    content: toContent(fields['content']),
    metadata,
    queued: isQueued(metadata),
  };
}

/** Blocks of any type; what is in them is between the agents. @throws GatewayError INVALID */
export function toContent(value: unknown): readonly JsonObject[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= MAX_BLOCKS;
  if (!isList || !value.every(isObject))
    throw invalid('content', value, `an array of 1 to ${MAX_BLOCKS} content blocks (objects)`);
  return value;
}

function isQueued({ delivery }: JsonObject): boolean {
  if (delivery === undefined || delivery === null || delivery === 'sync') return false;
  if (delivery === 'queued') return true;
  throw invalid('metadata.delivery', delivery, 'sync or queued');
}

const statusOf = ({ state }: Member): 'online' | 'offline' => (state === 'online' ? 'online' : 'offline');

export const toStatus = (member: Member): MemberStatusWire => ({
  agent_id: member.ref.name,
  status: statusOf(member),
  last_heartbeat: isoTime(member.lastHeartbeat),
});

export const toMember = (member: Member): MemberWire => ({
  agent_id: member.ref.name,
  agent_name: member.displayName,
  agent_type: member.type,
  capabilities: member.capabilities,
  status: statusOf(member),
  last_heartbeat: isoTime(member.lastHeartbeat),
  description: member.description,
  namespace: member.ref.namespace,
  kind: member.delivery,
  metadata: member.metadata,
});

/** An agent that has a connection of another kind; its type is that kind. */
export const toOther = ({ card, kind, namespace, lastSeen }: AgentView): MemberWire => ({
  agent_id: card.name,
  agent_name: card.name,
  agent_type: kind,
  capabilities: card.skills.map(({ id }) => id),
  status: 'online',
  last_heartbeat: isoTime(lastSeen),
  description: card.description,
  namespace,
  kind,
  metadata: {},
});

export const toMessage = (record: MessageRecord): MessageWire => ({
  ...toPush(record),
  to_agent_id: record.to,
  namespace: record.namespace,
  status: record.state,
  ...(record.error === null ? {} : { error: record.error }),
  attempts: record.attempts,
  updated_at: isoTime(record.updatedAt),
});

export const toTriedMessage = (
  record: MessageRecord,
  attempts: readonly DeliveryAttempt[],
): TriedMessageWire => ({
  ...toMessage(record),
  attempt_log: attempts.map(({ at, ms, status, error }) => ({
    at: isoTime(at),
    ms,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
  })),
});
