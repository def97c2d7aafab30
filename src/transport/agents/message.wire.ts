import type { JsonObject } from '../../core/json.js';

/** What an agent is sent with a message of another agent, letter for letter as seed 001 shows it. */
export interface PushWire {
  readonly message_id: string;
  readonly conversation_id: string;
  readonly from_agent_id: string;
  /** Blocks of any type. */
  readonly content: readonly JsonObject[];
  readonly metadata: JsonObject;
  /** RFC 3339 in UTC. */
  readonly timestamp: string;
}
