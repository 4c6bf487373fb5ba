// What two copies of a partition say to each other to find out whether they hold the same rows.
//
// Both read a snapshot of the same position. A table's rows are sorted into buckets by their keys;
// a bucket's digest is the sum of its rows' digests, so the order of rows makes no difference.

import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';

/** Buckets of a table; a row's is given by its key alone. */
export const contentBuckets = 256;
/** Bytes of a bucket's digest. */
export const bucketDigestBytes = 16;
/** Bytes of the digest of one value. */
export const valueDigestBytes = 8;
/** Rows told of in one answer; of what lies beyond only the number is known. */
export const contentRowsMax = 50_000;

export interface TableContent {
  readonly name: string;
  readonly rows: number;
  /** Of all buckets together, hexadecimal. */
  readonly digest: string;
}

export interface RowContent {
  /** The values of the primary key. */
  readonly key: readonly StoredValue[];
  /** `valueDigestBytes` for each column, in the order of the table's. */
  readonly values: Uint8Array;
}

export type ContentAsk =
  | { readonly kind: 'tables' }
  | { readonly kind: 'buckets'; readonly table: string }
  /** The rows of some buckets. */
  | { readonly kind: 'rows'; readonly table: string; readonly buckets: readonly number[] }
  /** No more is asked. */
  | { readonly kind: 'close' };

export type ContentAnswer =
  | { readonly kind: 'tables'; readonly tables: readonly TableContent[] }
  /** The digests of all buckets, one after another. */
  | { readonly kind: 'buckets'; readonly digests: Uint8Array }
  | { readonly kind: 'rows'; readonly rows: readonly RowContent[]; readonly isCut: boolean }
  | { readonly kind: 'closed' };

/** One table that is not the same on both sides, or whose rows are not. */
export interface TableDifference {
  readonly table: string;
  readonly rowsAtPrimary: number;
  readonly rowsAtSecondary: number;
}

export interface RowDifference {
  readonly table: string;
  /** As text: `id = 7, code = 'de'`. */
  readonly key: string;
  readonly difference: 'missing at the secondary' | 'only at the secondary' | 'differs';
  /** The columns that differ, for `differs`. */
  readonly columns: readonly string[];
}

/** What the last check of a link found, in short. */
export interface CheckSummary {
  readonly result: 'asked' | 'running' | 'equal' | 'different' | 'failed';
  /** The position that both sides were compared at; 0 before that is known. */
  readonly lsn: LSN;
  /** Milliseconds since 1970 at which it ended; 0 while it has not. */
  readonly endedMs: number;
  /** Tables that differ. */
  readonly differences: number;
  /** Why it failed. */
  readonly reason: string;
}

/** All that a check of one link found. */
export interface CheckReport extends CheckSummary {
  /** Rises with every check of this link. */
  readonly number: number;
  readonly tables: readonly TableDifference[];
  readonly rows: readonly RowDifference[];
  /** False: there are more rows than those, or they were not asked for. */
  readonly isComplete: boolean;
}

/** In the stream of a subscription: the primary reads a snapshot that holds what was sent. */
export interface CheckItem {
  readonly kind: 'check';
  readonly id: string;
  readonly position: Position;
}

/** Part of LeafCalls (message.ts). */
export interface CheckCalls {
  /** A digest of the content at the replay position, for comparing two copies. */
  checksum: {
    request: { key: PartitionKey };
    reply: {
      position: Position;
      tables: readonly { name: string; rows: number; digest: string }[];
    };
  };
  /** Aggregator → secondary: compare the partition with its primary; the check's number. */
  checkLink: { request: { key: PartitionKey; rows: boolean }; reply: { number: number } };
  /** What the last check found; null before the first. */
  linkReport: { request: { key: PartitionKey }; reply: { report: CheckReport | null } };
  /** Link → log sender: put a `check` into my stream. */
  askCheck: { request: { key: PartitionKey; followerId: string }; reply: Record<never, never> };
  /** Link → log sender: what does the snapshot of that check hold? */
  checkContent: {
    request: { key: PartitionKey; followerId: string; checkId: string; ask: ContentAsk };
    reply: ContentAnswer;
  };
}
