import type { AuditEntry, Chain, ChainEnd, Outcome } from '../../core/audit.js';

/** Which entries; what is undefined is not asked for. */
export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly object?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** Milliseconds since the epoch, inclusive. */
  readonly from?: number | undefined;
  /** Milliseconds since the epoch, exclusive. */
  readonly to?: number | undefined;
}

/** A page, newest first. */
export interface AuditPageRequest extends AuditFilter {
  /** Entries before this sequence; undefined: from the newest. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A stored entry: its fields as they were hashed. */
export interface StoredEntry extends Pick<AuditEntry, 'chain' | 'seq' | 'hash'> {
  readonly body: string;
}

/** Where the audit log is kept: it grows at the end and is purged at the beginning, and nothing else. */
export abstract class AuditStore {
  /** False while the storage takes no writes. */
  abstract readonly available: boolean;
  /**
   * Adds an entry; kept in line while the storage is down. Resolves when it is on disk: with all that was written before the
   * call, and not after anything that is written later.
   */
  abstract append(entry: StoredEntry): Promise<void>;
  /** The newest entry on disk; of an empty chain: its beginning. */
  abstract end(chain: Chain): Promise<ChainEnd>;
  /** What comes before the oldest entry: the last one that was purged, or GENESIS. */
  abstract beginning(chain: Chain): Promise<ChainEnd>;
  /** Every chain that has ever had an entry. */
  abstract chains(): Promise<readonly Chain[]>;
  /** Entries that match, newest first. */
  abstract list(chain: Chain, request: AuditPageRequest): Promise<readonly StoredEntry[]>;
  /** Entries after a sequence that match, oldest first. */
  abstract after(
    chain: Chain,
    seq: number,
    limit: number,
    filter?: AuditFilter,
  ): Promise<readonly StoredEntry[]>;
  /**
   * Deletes the oldest of the entries that are older than `before` (milliseconds since the epoch), as many as `limit` commits
   * have brought; what the rest links to is kept as the chain's beginning. Resolves to of how many commits.
   */
  abstract purge(chain: Chain, before: number, limit: number): Promise<number>;
}
