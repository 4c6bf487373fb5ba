// Every message between nodes: one typed table of calls and one of streams. Versioned.
//
// What comes from the network is checked by `request-check.ts` before anything acts on it.

import type { Address, DatabaseRole, Durability, PartitionKey } from '#shared/cluster/topology.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { BackupCalls } from './backup-message.ts';
import type { CheckCalls } from './content-message.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';
import type { PacketAnswer, PacketBatch, PacketFormat } from './packet-batch.ts';
import type { MasterCalls, MasterStreams } from './master-message.ts';
import type { PartitionStatus } from './partition-status.ts';
import type { OpenedRead, ReadTogetherCalls, Together } from './read-together.ts';
import type {
  ChangesItem,
  Containment,
  LinkSource,
  SharedTransactions,
  SubscribeItem,
  Verdict,
} from './link-message.ts';

export type { PartitionStatus } from './partition-status.ts';
export type { OpenedRead, SharedCommit, Together } from './read-together.ts';
export type {
  MasterCalls,
  KillOrder,
  NumberedKillOrder,
  MetadataItem,
  ForwardedStatement,
  ForwardedItem,
  MasterStreams,
} from './master-message.ts';
export type {
  ChangesItem,
  Containment,
  FollowerStatus,
  LinkSource,
  LinkStateName,
  LinkStatus,
  LoggedChange,
  RecordPart,
  SharedTransactions,
  SubscribeItem,
  Ticket,
  Verdict,
} from './link-message.ts';

/** Raised by every change that an older node could not read. */
export const WIRE_VERSION = 2;

/** SQL for SQLite and its values, in the order of its `?`. */
export interface CompiledStatement {
  readonly sql: string;
  readonly parameters: readonly StoredValue[];
}

/**
 * The transaction a task belongs to. Its first write on a partition takes that partition's write
 * lock; its reads there then see its own writes. Absent: autocommit.
 */
export interface TransactionTag {
  /** Unique in the cluster: `<aggregator id>-<start time>-<counter>`. */
  readonly id: string;
  /** Hybrid logical clock at its start: the older transaction wins a deadlock (wound-wait). */
  readonly startedAt: bigint;
  /**
   * True once it has written on the partition that is asked. A partition that does not know the
   * transaction then (it restarted) refuses with transactionLost: half of it must not commit.
   */
  readonly joined: boolean;
}

/** One step of a write task. All steps of a task succeed, or none has happened. */
export type WriteStep =
  /** Runs `sql` once per row, bound to it. */
  | { readonly kind: 'rows'; readonly sql: string; readonly rows: readonly Row[] }
  /**
   * Runs `sql` once. With `returning` its rows come back in the reply.
   * A plain SELECT is allowed here too (the matched count of an UPDATE).
   */
  | {
      readonly kind: 'statement';
      readonly sql: string;
      readonly parameters: readonly StoredValue[];
      readonly returning: boolean;
    };

export interface WriteStepResult {
  /** Rows changed, as SQLite counts them, over all runs of the step. */
  readonly changes: number;
  /** Per row of a `rows` step: rows changed by it. Empty for a `statement` step. */
  readonly changesPerRow: readonly number[];
  readonly rows: readonly Row[];
}

/** Why a partition refuses writes for a while. */
export type FenceReason = 'flush' | 'move';

export interface LeafStatus {
  readonly version: string;
  readonly uptimeMs: number;
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly rssBytes: number;
}

/** Calls a leaf answers, with what each asks and gives. */
export interface LeafCalls extends BackupCalls, CheckCalls, ReadTogetherCalls {
  ping: { request: Record<never, never>; reply: LeafStatus };
  createPartition: {
    request: {
      key: PartitionKey;
      /** `primary` opens term 1; the others wait, empty, for a link. */
      role: DatabaseRole | 'replica';
      durability: Durability;
      /** The cluster's id: the origin of the records made here. */
      origin: string;
      /** Whose schema tasks are planned for: plan-version.ts. Absent: 0. */
      incarnation?: number;
    };
    reply: Record<never, never>;
  };
  /** From now on tasks must be planned for this one: a failback may come to versions anew. */
  setIncarnation: {
    request: { key: PartitionKey; incarnation: number };
    reply: Record<never, never>;
  };
  /**
   * `movedTo`: where it is now, which whoever asks for it here is told from then on. `incarnation`:
   * one of a database of the name that has been made since is left alone.
   */
  dropPartition: {
    request: { key: PartitionKey; movedTo?: Address; incarnation?: number };
    reply: Record<never, never>;
  };
  /** Every partition of this leaf, or of one database. */
  partitionStatus: {
    request: { database: string | null };
    reply: { partitions: readonly PartitionStatus[] };
  };
  /** The schema as this partition has it. */
  partitionSchema: {
    request: { key: PartitionKey };
    reply: { version: number; tables: readonly TableDefinition[] };
  };
  /** Idempotent: a partition at `change.version` or above answers and does nothing. */
  define: { request: { key: PartitionKey; change: DefinitionChange }; reply: Record<never, never> };
  /** A `define` of that version that is not in the log yet ends with queryInterrupted. */
  interruptDefinition: {
    request: { key: PartitionKey; version: number };
    reply: Record<never, never>;
  };
  write: {
    request: {
      key: PartitionKey;
      catalogVersion: number;
      transaction: TransactionTag | null;
      steps: readonly WriteStep[];
      /** How long to wait for the write lock. */
      lockWaitTimeoutMs: number;
      /** Off: SQLite's foreign keys are not enforced (SET foreign_key_checks = 0). */
      foreignKeyChecks: boolean;
      /** It is one part of a large statement's task, which is long as a whole. */
      isPart?: boolean;
    };
    reply: { results: readonly WriteStepResult[] };
  };
  /** Takes back this transaction's last write task here, and nothing before it. */
  undoLastWrite: {
    request: { key: PartitionKey; transactionId: string };
    reply: Record<never, never>;
  };
  savepoint: {
    request: {
      key: PartitionKey;
      transactionId: string;
      action: 'set' | 'release' | 'rollback to';
      name: string;
    };
    reply: Record<never, never>;
  };
  /** Commits a transaction that wrote on this partition only: one record. */
  commit: {
    request: { key: PartitionKey; transactionId: string };
    reply: Record<never, never>;
  };
  rollback: {
    request: { key: PartitionKey; transactionId: string };
    reply: Record<never, never>;
  };
  /** Appends `prepare`, durably. From here on only a verdict ends the transaction. */
  prepare: {
    request: { key: PartitionKey; transactionId: string; participants: readonly number[] };
    reply: Record<never, never>;
  };
  /** Appends the verdict and, on commit, makes the transaction visible. Idempotent. */
  decide: {
    request: { key: PartitionKey; transactionId: string; verdict: Verdict };
    reply: Record<never, never>;
  };
  /**
   * Asked of the first participant: how did it end? Where it has no verdict, it writes `abort`
   * down and answers that.
   */
  verdict: {
    request: { key: PartitionKey; transactionId: string };
    reply: { verdict: Verdict };
  };
  /**
   * Nobody is in doubt about the verdicts up to `upTo` any more, but for those of `except`. The
   * newest `kept` stay: a promotion may ask for them.
   */
  forgetVerdicts: {
    request: { key: PartitionKey; upTo: LSN; except: readonly string[]; kept: number };
    reply: Record<never, never>;
  };
  /** Makes the partition follow the source, or moves its link to it. Idempotent. */
  startLink: { request: { key: PartitionKey; source: LinkSource }; reply: Record<never, never> };
  /** Can this leaf reach that one, and is the ticket good? Changes nothing. */
  probeLink: { request: { source: LinkSource }; reply: Record<never, never> };
  pauseLink: { request: { key: PartitionKey }; reply: Record<never, never> };
  /** What this log says of transactions over several partitions: for a promotion to be whole. */
  sharedTransactions: { request: { key: PartitionKey }; reply: SharedTransactions };
  /**
   * Which of these transactions have ended here, however far back? `isWhole`: none has that is not
   * named; else the oldest ones are forgotten.
   */
  knownTransactions: {
    request: { key: PartitionKey; transactionIds: readonly string[] };
    reply: { known: readonly string[]; isWhole: boolean };
  };
  /**
   * Takes back every record of a secondary after `lsn`. `done` is false, and nothing has happened,
   * when one of them cannot be taken back (a definition).
   */
  rewind: { request: { key: PartitionKey; lsn: LSN }; reply: { done: boolean } };
  /**
   * Refuses writes for `leaseMs` from now on, as soon as those that run have ended; `leaseMs` 0
   * takes them again. Throws lockWaitTimeout after `waitMs`.
   */
  fence: {
    request: { key: PartitionKey; reason: FenceReason; leaseMs: number; waitMs: number };
    reply: Record<never, never>;
  };
  /** A primary becomes a secondary that holds what it has; its writers are refused. Idempotent. */
  demote: { request: { key: PartitionKey }; reply: Record<never, never> };
  /**
   * What a secondary holds is not the primary's: nobody reads it any more, and its link will ask
   * for a snapshot, which takes its place. Idempotent.
   */
  abandonHistory: { request: { key: PartitionKey }; reply: Record<never, never> };
  /**
   * The newest position of this log that the source's log has, too, and this log's tail. Null:
   * one of the two no longer reaches back to it. Changes nothing.
   */
  sharedPosition: {
    request: { key: PartitionKey; source: LinkSource };
    reply: { shared: { term: number; lsn: LSN } | null; tail: LSN };
  };
  /** Leaf → source: is this position part of your log's history? */
  comparePosition: {
    request: { key: PartitionKey; followerId: string; position: Position };
    reply: { containment: Containment };
  };
  /** All have reached this version of the schema: what was kept to go back behind it may go. */
  releaseBase: { request: { key: PartitionKey; version: number }; reply: Record<never, never> };
  /** Promotion: applies what was received, opens the next term, takes writes. Idempotent. */
  promote: {
    /** `anyway`: even where its first copy has not been found whole. */
    request: { key: PartitionKey; anyway: boolean };
    reply: { position: Position };
  };
  /** The database was found whole with what came by a snapshot. Idempotent. */
  markWhole: { request: { key: PartitionKey }; reply: Record<never, never> };
  /**
   * Link → log sender: everything up to `lsn` is applied, durably. `tail`: with `newest`, what the
   * primary at the head of the chain has, or null while that cannot be asked.
   */
  acknowledge: {
    request: { key: PartitionKey; followerId: string; lsn: LSN; newest: boolean };
    reply: { tail: LSN | null };
  };
  /** Aggregator → secondary: what the primary has, asked of it now; null while no records come. */
  primaryTail: { request: { key: PartitionKey }; reply: { tail: LSN | null } };
}

/** Rows on their way. `rowsOfBatch` reads both forms. */
export type RowBatch = (
  | { readonly rows: readonly Row[] }
  /** A batch of the first form as MessagePack, which a leaf passes on unread. */
  | { readonly encoded: Uint8Array }
) & {
  /** With the first batch of a read that was asked for with `together`, which is always sent. */
  readonly opened?: OpenedRead;
};

/** Streams a leaf serves: pulled, so that not asking is back pressure. */
export interface LeafStreams {
  read: {
    request: {
      key: PartitionKey;
      catalogVersion: number;
      /** A transaction that has written here reads its own writes. */
      transaction: TransactionTag | null;
      statement: CompiledStatement;
      /** The result's column types: a BIGINT or wide DECIMAL makes the leaf read big integers. */
      columns: readonly ColumnType[];
      /** SELECT … FOR UPDATE: takes the write lock first. */
      forUpdate: boolean;
      lockWaitTimeoutMs: number;
      /**
       * It sees every transaction that was prepared here when it came and is committed: it waits
       * for their verdicts, or throws lockWaitTimeout.
       */
      together?: Together;
      /** True: a LIMIT may be put behind the statement, to see that its rows are few. */
      mayLimit?: boolean;
    };
    item: RowBatch;
  };
  /** As `read`, the rows as packets that a client is sent unread. */
  readPackets: {
    request: LeafStreams['read']['request'] & { format: PacketFormat };
    item: PacketBatch;
  };
  /** What the log's records after `lsn` have done, oldest first; it ends at the tail. */
  changesAfter: { request: { key: PartitionKey; lsn: LSN }; item: ChangesItem };
  subscribe: {
    request: {
      key: PartitionKey;
      followerId: string;
      /** The leaf that follows, `host:port` as it advertises it: for SHOW REPLICAS. */
      address: string;
      /** Where the follower is; lsn 0n: it has nothing. */
      position: Position;
      /** A snapshot that was cut: go on from there. */
      resume: { snapshotId: string; offset: number } | null;
      /** True: what it has is not ours, and a snapshot is to take its place. */
      anew: boolean;
      /** True for a replica in the same cluster, which writers wait for. */
      synchronous: boolean;
      /** True for who takes long records in parts; else each comes as one. */
      inParts?: boolean;
    };
    item: SubscribeItem;
  };
}

/** What a peer can be asked: in the same process by a call, elsewhere by the network. */
export interface Service<
  C extends { [K in keyof C]: { request: unknown; reply: unknown } },
  S extends { [K in keyof S]: { request: unknown; item: unknown } },
> {
  /** Rejects with a DatabaseError. `signal` abandons the wait, not the work. */
  call<K extends keyof C & string>(
    name: K,
    request: C[K]['request'],
    signal?: AbortSignal,
  ): Promise<C[K]['reply']>;
  /** Ends early when the consumer returns or `signal` fires; the server's side then stops too. */
  stream<K extends keyof S & string>(
    name: K,
    request: S[K]['request'],
    signal?: AbortSignal,
  ): AsyncIterable<S[K]['item']>;
}

/** A leaf, near or far. */
export interface LeafService extends Service<LeafCalls, LeafStreams> {
  /**
   * The short way of the stream `read`, which only a leaf of this process has: all rows at once;
   * null for the long way. Reads of one turn of the event loop that are `together` see the same
   * transactions. Throws a DatabaseError.
   */
  readNow?(request: LeafStreams['read']['request']): readonly Row[] | null;
  /** As readNow, the rows as packets. */
  readPacketsNow?(request: LeafStreams['readPackets']['request']): PacketBatch | null;
  /**
   * The short way of the stream of that name: a leaf of this process answers a short read at once,
   * without a promise. Throws, or rejects with, a DatabaseError.
   */
  readPackets?(
    request: LeafStreams['readPackets']['request'],
    signal?: AbortSignal,
  ): PacketAnswer | Promise<PacketAnswer>;
  /** The call `write` without a message, which only a leaf of this process has. */
  writeNear?(request: LeafCalls['write']['request']): Promise<readonly WriteStepResult[]>;
}
/** The master aggregator, near or far. */
export type MasterService = Service<MasterCalls, MasterStreams>;
