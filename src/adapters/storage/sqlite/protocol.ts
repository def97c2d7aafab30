import type { SqlValue } from '../prepared.js';

/** One statement of a batch: its number, whether it must change exactly one row, its values. */
export type Op = readonly [statement: number, mustChange: boolean, values: SqlValue[]];

/** Ops one after the other: statement, 1 when it must change a row, number of values, values. */
export type PackedOps = SqlValue[];

/** What the main thread sends to the thread that writes. */
export type WriterRequest = { readonly kind: 'commit'; readonly ops: PackedOps } | { readonly kind: 'close' };

/**
 * Why a batch was rolled back. `conflict`: the op at `index` met a constraint or changed no row; `wrong`: it can never be
 * stored (too big, not a value of SQLite); `storage`: the disk said no, to this write as to any other.
 */
export interface WriteFailure {
  readonly kind: 'conflict' | 'wrong' | 'storage';
  readonly index: number;
  /** SQLite's extended result code; 0 where the failure is not SQLite's. */
  readonly code: number;
  readonly message: string;
}

/** SQLite's result codes of a failed flush: of a file (IOERR_FSYNC), of a folder (IOERR_DIR_FSYNC). */
export const FLUSH_FAILED: ReadonlySet<number> = new Set([1034, 1290]);

/** `failed` without a commit under way: a checkpoint whose flush failed. */
export type WriterReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'committed'; readonly ms: number }
  | { readonly kind: 'failed'; readonly failure: WriteFailure };

export interface WriterData {
  readonly file: string;
  readonly durable: boolean;
  readonly statements: readonly string[];
}

/** A query that may look at many rows, and its answer. */
export interface ScanRequest {
  readonly id: number;
  readonly sql: string;
  readonly values: readonly SqlValue[];
}
export interface ScanReply {
  readonly id: number;
  readonly rows?: Record<string, SqlValue>[];
  readonly error?: string;
}
