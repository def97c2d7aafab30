import type { MessageState } from '../../core/agent-message.js';

/** Tables of members, messages and topics. */
export interface MailSchema {
  members: MemberRow;
  messages: MessageRow;
  inbox: InboxRow;
  topics: TopicRow;
  topic_subscriptions: TopicSubscriptionRow;
}

/** An agent without a lasting connection. */
export interface MemberRow {
  namespace: string;
  name: string;
  display_name: string;
  type: string | null;
  capabilities: string;
  description: string;
  metadata: string;
  max_concurrency: number;
  delivery: 'webhook' | 'pull';
  webhook_url: string | null;
  /** Sealed. */
  secrets: string;
  owner_id: string;
  owner_namespace: string | null;
  state: 'online' | 'offline' | 'disabled' | 'unregistered';
  registered_at: number;
  last_heartbeat: number;
}

/** What one agent has said to another. */
export interface MessageRow {
  id: string;
  namespace: string;
  conversation_id: string;
  from_agent: string;
  to_agent: string;
  content: string;
  metadata: string;
  sent_at: number;
  state: MessageState;
  error: string | null;
  attempts: number;
  sent_by: string | null;
  updated_at: number;
}

/** A message that waits for an agent that pulls. */
export interface InboxRow {
  namespace: string;
  agent: string;
  message_id: string;
  lease_id: string | null;
  lease_until: number | null;
}

/** The last value of a topic. */
export interface TopicRow {
  namespace: string;
  topic: string;
  seq: number;
  /** JSON of the newest message; null when it was published without being retained. */
  retained: string | null;
  updated_at: number;
}

/** Who gets what is published to a topic; streams are not on record. */
export interface TopicSubscriptionRow {
  id: string;
  namespace: string;
  topic: string;
  agent: string | null;
  webhook_url: string | null;
  /** Sealed. */
  secret: string | null;
  created_by: string | null;
  created_at: number;
}
