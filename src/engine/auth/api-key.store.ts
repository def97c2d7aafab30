import type { AgentName, Namespace } from '../../core/ids.js';
import type { Right } from '../../core/principal.js';

/** An API key as it is kept; the key itself is nowhere. Times are milliseconds since the epoch. */
export interface ApiKeyRecord {
  /** Public part of the key; what lists, logs and the audit call it. */
  readonly id: string;
  /** What its owner calls it; need not be unique. */
  readonly name: string;
  readonly namespace: Namespace;
  /** The only agent that it may register; null: any of the namespace, if it has the right `execute`. */
  readonly agent: AgentName | null;
  /** All its rights, with those that they include. */
  readonly rights: readonly Right[];
  /** SHA-256 of the secret part, base64url. */
  readonly hash: string;
  /** Principal that made it. */
  readonly createdBy: string;
  readonly createdAt: number;
  /** Null: it does not end. */
  readonly expiresAt: number | null;
  /** To the hour or so; null: never used. */
  readonly lastUsedAt: number | null;
}

/** Where API keys are kept. Writes resolve when they are on disk. */
export abstract class ApiKeyStore {
  /** @throws GatewayError STORAGE_UNAVAILABLE; CONFLICT when the id is taken */
  abstract insert(key: ApiKeyRecord): Promise<void>;
  abstract get(id: string): Promise<ApiKeyRecord | undefined>;
  /** The keys of a namespace (null: of all), oldest first. */
  abstract list(namespace: Namespace | null): Promise<readonly ApiKeyRecord[]>;
  /** @throws GatewayError STORAGE_UNAVAILABLE; CONFLICT when there is no such key any more */
  abstract delete(id: string): Promise<void>;
  /** Notes when a key was used last; harmless for one that is gone. */
  abstract touch(id: string, at: number): Promise<void>;
}
