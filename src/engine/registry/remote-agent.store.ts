import type { AgentRef, Namespace, TaskId } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';

/** `unverified`: there is a signature, but no key that could be trusted to check it. */
export type CardSignature = 'none' | 'unverified' | 'verified';

/** The registration of an agent that the gateway calls, and that does not call it. Times: milliseconds since the epoch. */
export interface RemoteAgentRecord {
  readonly ref: AgentRef;
  /** As the registrar gave it. */
  readonly cardUrl: string;
  /** Where the card was found. */
  readonly foundAt: string;
  /** As it was fetched. */
  readonly card: JsonObject;
  readonly etag: string | null;
  readonly signature: CardSignature;
  readonly maxConcurrency: number;
  /** Forces or forbids streaming; null: as the card says. */
  readonly streaming: boolean | null;
  /** Credentials as JSON, sealed (core/secret-box.ts). */
  readonly auth: string | null;
  /** Who registered it (principal id). */
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A task of ours and what the remote agent calls it. */
export interface RemoteRun {
  readonly taskId: TaskId;
  readonly ref: AgentRef;
  readonly remoteTaskId: string;
  readonly remoteContextId: string;
}

/** A conversation of ours and what the remote agent calls it. */
export interface RemoteContext {
  /** Of the caller: two tenants' contexts are never the same to a remote agent. */
  readonly namespace: Namespace;
  readonly contextId: string;
  readonly ref: AgentRef;
  readonly remoteContextId: string;
}

/** Port: what must be known of remote agents after a restart. A promise of a write resolves when it is on disk. */
export abstract class RemoteAgentStore {
  /** Writes or replaces a registration. @throws GatewayError STORAGE_UNAVAILABLE */
  abstract save(record: RemoteAgentRecord): Promise<void>;
  /** Forgets an agent with its runs and contexts. @throws GatewayError STORAGE_UNAVAILABLE */
  abstract remove(ref: AgentRef): Promise<void>;
  /** All registrations, by namespace and name. */
  abstract all(): Promise<readonly RemoteAgentRecord[]>;

  /** Notes a run, and the context that it belongs to; kept while the storage is away. */
  abstract saveRun(run: RemoteRun, context: RemoteContext | undefined, at: number): Promise<void>;
  abstract removeRun(taskId: TaskId): Promise<void>;
  abstract runs(): Promise<readonly RemoteRun[]>;
  /** What the remote agent calls a context of ours; undefined: it does not know it yet. */
  abstract remoteContext(namespace: Namespace, contextId: string, ref: AgentRef): Promise<string | undefined>;
  /** Forgets contexts that nobody has used since a moment. */
  abstract purgeContexts(usedBefore: number): Promise<void>;
}
