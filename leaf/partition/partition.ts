// The one door to a partition: read, write, prepare, commit, roll back, follow, be followed.

import { databaseError } from '#shared/error.ts';
import type { Durability, PartitionKey } from '#shared/cluster/topology.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type {
  LeafCalls,
  LeafStreams,
  PartitionStatus,
  RowBatch,
  Verdict,
  WriteStepResult,
} from '#shared/wire/message.ts';
import type { Log } from '#leaf/log/log.ts';
import type { FollowerRegistry } from '#leaf/log/follower-registry.ts';
import type { PartitionEnvironment, PartitionRole } from './partition-options.ts';
import type { Snapshot } from './snapshot.ts';

export type WriteRequest = Omit<LeafCalls['write']['request'], 'key'>;
export type ReadRequest = Omit<LeafStreams['read']['request'], 'key'>;
export type SavepointRequest = Omit<LeafCalls['savepoint']['request'], 'key'>;
export type Checksum = LeafCalls['checksum']['reply'];

/** What a partition is when it is made. */
export interface PartitionIdentity {
  readonly role: PartitionRole;
  readonly durability: Durability;
  /** The cluster's id. */
  readonly origin: string;
}

/** What the partition itself knows of its status; the links add theirs. */
export type OwnStatus = Omit<PartitionStatus, 'link' | 'followers'>;

const later = (): never => {
  throw databaseError('unsupported', { what: 'this call' });
};

export class Partition {
  readonly key: PartitionKey;
  /** `shop_0`. */
  readonly name: string;
  /** Its log: `frames`, `contains`, `tail`, `hardened` for the log sender. */
  get log(): Log {
    return later();
  }
  /** Who follows, and how far each has confirmed: what the log keeps records for. */
  get followers(): FollowerRegistry {
    return later();
  }

  private constructor(key: PartitionKey, name: string) {
    this.key = key;
    this.name = name;
  }

  /** Makes the directory, the file and the log; a primary opens term 1. */
  static create: (
    directory: string,
    key: PartitionKey,
    identity: PartitionIdentity,
    environment: PartitionEnvironment,
  ) => Promise<Partition> = later;
  /** Opens what is there: finishes a cut snapshot, cuts a torn tail, replays the log. */
  static open: (
    directory: string,
    key: PartitionKey,
    environment: PartitionEnvironment,
  ) => Promise<Partition> = later;

  get role(): PartitionRole {
    return later();
  }
  /** False at a secondary until `markProvisioned`: reads are refused till then. */
  get provisioned(): boolean {
    return later();
  }
  /** The newest position that is visible in the SQLite file. */
  get replay(): Position {
    return later();
  }
  status(): OwnStatus {
    return later();
  }

  // The requests of aggregators.

  async write(_request: WriteRequest): Promise<WriteStepResult[]> {
    return later();
  }
  async *read(_request: ReadRequest, _signal?: AbortSignal): AsyncGenerator<RowBatch> {
    yield later();
  }
  async undoLastWrite(_transactionId: string): Promise<void> {}
  async savepoint(_request: SavepointRequest): Promise<void> {}
  async commit(_transactionId: string): Promise<void> {}
  async rollback(_transactionId: string): Promise<void> {}
  async prepare(_transactionId: string, _participants: readonly number[]): Promise<void> {}
  async decide(_transactionId: string, _verdict: Verdict): Promise<void> {}
  async verdict(_transactionId: string): Promise<Verdict> {
    return later();
  }
  async define(_change: DefinitionChange): Promise<void> {}
  schema(): { version: number; tables: readonly TableDefinition[] } {
    return later();
  }
  async checksum(_signal?: AbortSignal): Promise<Checksum> {
    return later();
  }

  // Being followed.

  /** A copy at a known position, kept for a bounded time so that a cut transfer can go on. */
  async snapshot(): Promise<Snapshot> {
    return later();
  }
  /** The copy of that id while it is kept, else null. */
  findSnapshot(_id: string): Snapshot | null {
    return later();
  }

  // Following: roles `secondary` and `replica` only.

  /**
   * Appends whole frames to the log byte for byte, makes them durable and visible; answers the
   * hardened position. Throws FrameError when they do not continue this log (nothing is applied),
   * DatabaseError partitionUnrecoverable when a change meets other rows than at the primary.
   */
  async applyFrames(_frames: Uint8Array): Promise<Position> {
    return later();
  }
  /** Replaces all content by the snapshot file (it is moved away from `path`). Crash-safe. */
  async installSnapshot(_path: string, _position: Position): Promise<void> {}
  /** From here on the copy is whole, and can be read. Durable. */
  async markProvisioned(): Promise<void> {}
  /** Opens the next term and takes writes. Idempotent: a primary answers its position. */
  async promote(): Promise<Position> {
    return later();
  }
  /**
   * Takes back every record after `lsn` by inverting it, and makes the partition a secondary.
   * False when a record among them cannot be inverted (a definition): take a snapshot instead.
   */
  async rewindTo(_lsn: LSN): Promise<boolean> {
    return later();
  }

  async close(): Promise<void> {}
}
