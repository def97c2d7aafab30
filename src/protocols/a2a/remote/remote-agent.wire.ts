import type { AgentWire } from '../../../transport/orchestrator/orchestrator.wire.js';

/** POST /agents, GET /agents/:id of a remote agent: never its credentials. */
export interface RemoteAgentWire extends AgentWire {
  readonly card_url: string;
  /** Signature of its card. */
  readonly card_signature: 'none' | 'unverified' | 'verified';
  readonly streaming: boolean;
  /** Kind of the credentials that it is shown. */
  readonly auth: 'bearer' | 'api_key' | 'oauth2' | 'mtls' | null;
  /** What is spoken with it; null until it is first called. */
  readonly protocol: { readonly binding: string; readonly version: string } | null;
  /** Why it is offline, or why its card could not be renewed. */
  readonly last_error: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}
