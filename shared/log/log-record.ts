// The grammar of a partition's log: what a record says, and nothing about its bytes on disk.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { LSN } from './lsn.ts';

/**
 * - rows: a group of transactions of this partition alone; `changeset` is SQLite's, in full.
 * - definition: one step of the database's schema, from catalog version v-1 to v.
 * - prepare: this partition's part of a transaction over several; not visible yet.
 * - commit, abort: the verdict on the prepared transaction, which is always the one before it:
 *   a prepared transaction holds the partition's write lock, so no rows come between. The first
 *   participant's `commit` *is* the decision for all. An `abort` may also stand alone: the answer
 *   to who asked for the verdict on a transaction that was never prepared here.
 * - term: a promotion; the first record of a new term.
 */
export type LogPayload =
  | { readonly kind: 'rows'; readonly changeset: Uint8Array }
  | { readonly kind: 'definition'; readonly change: DefinitionChange }
  | {
      readonly kind: 'prepare';
      readonly transactionId: string;
      /** Ordinals, ascending. The first one decides. */
      readonly participants: readonly number[];
      readonly changeset: Uint8Array;
    }
  | { readonly kind: 'commit'; readonly transactionId: string }
  | { readonly kind: 'abort'; readonly transactionId: string }
  | { readonly kind: 'term' };

/** One step of a schema, as a partition carries it out. */
export interface DefinitionChange {
  /** The catalog version of the database that this step leads to. */
  readonly version: number;
  /** SQLite statements, in order, run in one transaction with the version. */
  readonly sqlite: readonly string[];
  /** Tables that are new or changed, whole. */
  readonly put: readonly TableDefinition[];
  /** Names of tables that are gone. */
  readonly drop: readonly string[];
}

export interface LogRecord {
  readonly term: number;
  readonly lsn: LSN;
  /** Hybrid logical clock: milliseconds since 1970 times 2^16, plus a counter. Never goes back. */
  readonly timestamp: bigint;
  /** The id of the cluster where the change was made. */
  readonly origin: string;
  readonly payload: LogPayload;
  /** First 8 bytes of SHA-256(hash of the record before ‖ this record's body). */
  readonly logHash: Uint8Array;
}

/** What a record says before it has its place: the log gives LSN and hash. */
export interface RecordDraft {
  readonly term: number;
  readonly timestamp: bigint;
  readonly origin: string;
  readonly payload: LogPayload;
}
