import type { AgentMessage } from './agent-message.js';
import type { AgentName, Namespace } from './ids.js';

/** Where something is published; one name per namespace. */
export interface TopicKey {
  readonly namespace: Namespace;
  readonly topic: string;
}

/** What was published to a topic last. */
export interface TopicValue extends TopicKey {
  /** Counts what was published; the first is 1. */
  readonly seq: number;
  /** Null: it was published without being retained. */
  readonly retained: AgentMessage | null;
  readonly updatedAt: number;
}

/** Who gets what is published from now on: an agent of the namespace, or a URL. */
export interface TopicSubscription extends TopicKey {
  readonly id: string;
  readonly agent: AgentName | null;
  readonly webhookUrl: string | null;
  /** Sealed; of a URL. */
  readonly secret: string | null;
  /** Principal id, null without auth. */
  readonly createdBy: string | null;
  readonly createdAt: number;
}

/** Something that was published, as subscribers get it. */
export interface Published extends TopicKey {
  readonly seq: number;
  readonly message: AgentMessage;
}
