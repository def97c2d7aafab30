import type { Outcome } from '../../core/audit.js';
import type { Right } from '../../core/principal.js';

/** Body of POST /api-keys. */
export interface NewApiKeyWire {
  readonly name: string;
  readonly namespace?: string;
  readonly rights?: readonly Right[];
  readonly agent?: string;
  /** RFC 3339. */
  readonly expires_at?: string;
}

/** An API key as lists show it; times are RFC 3339. */
export interface ApiKeyWire {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly agent: string | null;
  readonly rights: readonly Right[];
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
}

/** Answer of POST /api-keys: the one time that the key is shown. */
export interface CreatedApiKeyWire extends ApiKeyWire {
  readonly key: string;
}

/** Answer of GET /api-keys. */
export interface ApiKeyListWire {
  readonly api_keys: readonly ApiKeyWire[];
}

/** An entry of the audit log; docs/operations.md says how `hash` is made. */
export interface AuditEntryWire {
  readonly namespace: string | null;
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
  readonly actor: string | null;
  readonly credential: string | null;
  readonly action: string;
  readonly object: string | null;
  readonly outcome: Outcome;
  readonly request_id: string | null;
  readonly address: string | null;
  readonly detail: string | null;
  readonly count: number;
  readonly hash: string;
}

/** Answer of GET /audit, newest first. */
export interface AuditPageWire {
  readonly items: readonly AuditEntryWire[];
  readonly next_cursor: string | null;
}
