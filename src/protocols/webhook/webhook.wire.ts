import type { MessageState } from '../../core/agent-message.js';
import type { JsonObject } from '../../core/json.js';
import type { PushWire } from '../../transport/agents/message.wire.js';

/** The wire of seed 001: agents with a webhook, agents that pull, messages between agents. Times are RFC 3339 in UTC. */

export interface RegisteredWire {
  readonly status: 'registered';
  readonly agent_id: string;
  /** Where the gateway has made it: shown this once. */
  readonly webhook_secret?: string;
}

export interface MemberWire {
  readonly agent_id: string;
  readonly agent_name: string;
  readonly agent_type: string | null;
  readonly capabilities: readonly string[];
  readonly status: 'online' | 'offline';
  readonly last_heartbeat: string;
  readonly description: string;
  readonly namespace: string;
  /** How it is reached: `webhook`, `pull`, or the kind of its connection. */
  readonly kind: string;
  readonly metadata: JsonObject;
}

export interface MemberListWire {
  readonly agents: readonly MemberWire[];
  readonly total: number;
}

export interface MemberStatusWire {
  readonly agent_id: string;
  readonly status: 'online' | 'offline';
  readonly last_heartbeat: string;
}

export interface RotatedWire {
  readonly agent_id: string;
  readonly webhook_secret: string;
  /** Until then both signatures are sent. */
  readonly overlap_until: string;
}

export interface GatewayHealthWire {
  readonly status: 'running';
  readonly version: string;
  readonly uptime_seconds: number;
  readonly registered_agents: number;
}

export interface SentWire {
  readonly message_id: string;
  readonly conversation_id: string;
  readonly status: 'sent' | 'queued';
}

/** A message on record. */
export interface MessageWire extends PushWire {
  readonly to_agent_id: string;
  readonly namespace: string;
  readonly status: MessageState;
  /** Why the newest attempt has failed. */
  readonly error?: string;
  readonly attempts: number;
  readonly updated_at: string;
}

/** A message with how its tries went. */
export interface TriedMessageWire extends MessageWire {
  /** Of a queued message, oldest first: also those before it was started again. */
  readonly attempt_log: readonly {
    readonly at: string;
    readonly ms: number;
    /** Of the answer; absent: there was none. */
    readonly status?: number;
    /** Absent: it was taken. */
    readonly error?: string;
  }[];
}

/** Messages that were given up, newest first. */
export interface DeadLettersWire {
  readonly dead_letters: readonly MessageWire[];
  readonly next_cursor: string | null;
}

export interface ConversationWire {
  readonly conversation_id: string;
  /** Oldest first. */
  readonly messages: readonly MessageWire[];
  readonly next_cursor: string | null;
}

/** One thing that a pulling agent is handed. */
export interface PulledWire extends PushWire {
  readonly kind: 'message' | 'task' | 'cancel';
  readonly lease_id: string;
  readonly lease_expires_at: string;
  /** Of a task and of its cancellation. */
  readonly task_id?: string;
  readonly skill?: string;
  /** Send it back with every report on the task: a report of an earlier attempt changes nothing. */
  readonly attempt?: number;
}

export interface InboxWire {
  readonly messages: readonly PulledWire[];
}

export interface AcknowledgedWire {
  readonly status: 'ok';
  /** Those that were still there. */
  readonly message_ids: readonly string[];
}

export interface ExtendedWire extends AcknowledgedWire {
  readonly lease_expires_at: string;
}

/** What was published, as streams and URLs get it. */
export interface PublishedWire extends PushWire {
  readonly topic: string;
  /** Counts what was published to the topic. */
  readonly seq: number;
}

export interface PublishAckWire {
  readonly message_id: string;
  readonly topic: string;
  readonly seq: number;
  /** How many get it: open streams, agents and URLs. */
  readonly subscribers: number;
}

export interface SubscriptionWire {
  readonly subscription_id: string;
  readonly topic: string;
  readonly kind: 'agent' | 'webhook';
  readonly agent_id?: string;
  readonly created_at: string;
}

export interface SubscribedWire extends SubscriptionWire {
  /** Where the gateway has made it: shown this once. */
  readonly webhook_secret?: string;
}

export interface SubscriptionListWire {
  readonly subscriptions: readonly SubscriptionWire[];
  readonly total: number;
}
