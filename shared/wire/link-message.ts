// What crosses between leaves of two clusters, and what a log tells of itself.

import type { Address, PartitionKey } from '#shared/cluster/topology.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { CheckItem, CheckSummary } from './content-message.ts';

export type LinkStateName =
  'connecting' | 'snapshot' | 'streaming' | 'paused' | 'backing off' | 'diverged' | 'failed';

/** The secondary's end of a link. */
export interface LinkStatus {
  readonly state: LinkStateName;
  readonly source: LinkSource['address'];
  readonly sourceKey: PartitionKey;
  /** The newest position the primary has told of. */
  readonly primaryTail: { readonly term: number; readonly lsn: LSN };
  readonly primaryTailTimestampMs: number;
  /** False while the primary may have more than it has told of: the lag is what is known. */
  readonly hears: boolean;
  readonly lagRecords: number;
  readonly lagBytes: number;
  /** 0 when nothing is missing; else now minus the commit time of the oldest missing record. */
  readonly lagMs: number;
  readonly bytesPerSecond: number;
  readonly snapshotBytesDone: number;
  readonly snapshotBytesTotal: number;
  readonly recordsApplied: number;
  readonly lastError: string;
  /** The last comparison with the primary; null before the first. */
  readonly check: CheckSummary | null;
}

/** The primary's end of a link. */
export interface FollowerStatus {
  /** The secondary's cluster id and partition: `<cluster>/<name>`. */
  readonly id: string;
  readonly address: string;
  readonly state: 'probe' | 'snapshot' | 'replicate';
  readonly connected: boolean;
  readonly confirmed: LSN;
  readonly bytesKept: number;
  /** Why nothing is kept for it any more; '' while something is. */
  readonly letGo: string;
}

/** Leave to follow one database, signed by the primary's cluster; short-lived. */
export interface Ticket {
  /** MessagePack of TicketClaims, opaque to everyone but the primary's nodes. */
  readonly claims: Uint8Array;
  /**
   * Proves possession in the mutual challenge: HMAC-SHA256(ticket key of the primary, claims).
   * It never crosses the wire to a leaf.
   */
  readonly key: Uint8Array;
}

/** Where a link pulls from. No ticket: a leaf of the same cluster, met with its secret. */
export interface LinkSource {
  readonly address: Address;
  readonly key: PartitionKey;
  readonly ticket: Ticket | null;
}

export type Verdict = 'commit' | 'abort';

/** The part of a log that one partition can still tell of. */
export interface SharedTransactions {
  /** Hybrid timestamp of the first record told of; 0 when nothing is before it. */
  readonly fromTimestamp: bigint;
  readonly tail: LSN;
  /** Hybrid timestamp of the tail. */
  readonly tailTimestamp: bigint;
  /** In the order of the log. */
  readonly prepared: readonly {
    readonly transactionId: string;
    readonly participants: readonly number[];
    readonly lsn: LSN;
    readonly timestamp: bigint;
    /** The verdict that follows in this log, and its LSN; null while there is none. */
    readonly decided: { readonly verdict: Verdict; readonly lsn: LSN } | null;
  }[];
  /** Steps of the schema, in the order of the log. */
  readonly definitions: readonly { readonly version: number; readonly lsn: LSN }[];
}

/** Is a position part of a log's history? */
export type Containment =
  /** Same history, and the records after it are still there. */
  | 'same'
  /** The log has another record at that LSN: the histories part before it. */
  | 'different'
  /** The log no longer holds it. */
  | 'dropped'
  /** The log does not reach it. */
  | 'ahead';

/** What one record of a log has made visible, or would have. */
export interface LoggedChange {
  readonly term: number;
  readonly lsn: LSN;
  readonly logHash: Uint8Array;
  /** Hybrid timestamp. */
  readonly timestamp: bigint;
  /** Of a transaction over several partitions; else null. */
  readonly transactionId: string | null;
  /** False: it is prepared, and this log has no verdict on it. */
  readonly isDecided: boolean;
  readonly content:
    /** `before`: rows of the record that were told before these; absent: none. */
    | { readonly kind: 'rows'; readonly changeset: Uint8Array; readonly before?: number }
    | { readonly kind: 'definition'; readonly change: DefinitionChange };
}

export type ChangesItem =
  /** First, always: the tables as they were where the changes begin, as far as they are known. */
  | { readonly kind: 'tables'; readonly tables: readonly TableDefinition[] }
  | { readonly kind: 'changes'; readonly changes: readonly LoggedChange[] };

/** Bytes of the frame of one long record, which the next parts go on with. */
export interface RecordPart {
  /** Within the frame. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Of the whole frame. */
  readonly bytesTotal: number;
}

export type SubscribeItem =
  /** First, always: what follows. */
  | { readonly kind: 'records from'; readonly lsn: LSN }
  | {
      readonly kind: 'snapshot';
      readonly id: string;
      readonly position: Position;
      readonly bytesTotal: number;
      /** Why the log no longer has what the follower needs, where that is remembered; else ''. */
      readonly reason: string;
    }
  /** Bytes of the snapshot file from `offset`, compressed with zstd. */
  | {
      readonly kind: 'snapshot chunk';
      readonly offset: number;
      readonly compressed: Uint8Array;
    }
  | { readonly kind: 'snapshot end' }
  | { readonly kind: 'diverged'; readonly position: { term: number; lsn: LSN }; reason: string }
  /** Log records as they stand in the log, framed (log-frame.ts), one after another. */
  | { readonly kind: 'records'; readonly frames: Uint8Array }
  /** To a follower that takes long records in parts. */
  | ({ readonly kind: 'record part' } & RecordPart)
  /** Asked for: what was sent so far is what the primary's snapshot for a check holds. */
  | CheckItem
  /** The truth about the tail, at least once a second. */
  | {
      readonly kind: 'heartbeat';
      readonly term: number;
      readonly lsn: LSN;
      readonly tailTimestampMs: number;
      readonly lagBytes: number;
    };
