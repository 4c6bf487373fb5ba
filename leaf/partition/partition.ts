// The one door to a partition: read, write, prepare, commit, roll back, follow, be followed.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { partitionName, type PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { Turns } from '#shared/turns.ts';
import type {
  LeafCalls,
  LeafStreams,
  OpenedRead,
  RecordPart,
  RowBatch,
  Verdict,
  WriteStepResult,
} from '#shared/wire/message.ts';
import { FollowerRegistry } from '#leaf/log/follower-registry.ts';
import type { Log } from '#leaf/log/log.ts';
import { checksum } from './checksum.ts';
import { createPartitionFiles, type PartitionIdentity } from './create-partition.ts';
import { define, interruptDefinition } from './definitions.ts';
import { failedStatus, openStatus, type OwnStatus } from './own-status.ts';
import { Follower } from './follower.ts';
import { hasRoom, isTrouble, toOpenError } from './damage.ts';
import { forgetVerdicts, type ForgettableVerdicts } from './in-doubt.ts';
import { openCore } from './open-core.ts';
import { OpenPartition } from './open-partition.ts';
import { partitionPaths, readySnapshot, setIncarnation } from './partition-directory.ts';
import { writeIdentity } from './partition-identity.ts';
import type { PartitionEnvironment, PartitionPlace, PartitionRole } from './partition-options.ts';
import { buildFromBase, dropBase } from './rewind-base.ts';
import type { Snapshot } from './snapshot.ts';
import type { SavepointRequest } from './transaction-task.ts';
import type { Verdicts } from './verdicts.ts';
import { WriteFences } from './write-fences.ts';

export type WriteRequest = Omit<LeafCalls['write']['request'], 'key'>;
export type ReadRequest = Omit<LeafStreams['read']['request'], 'key'>;

/** A partition that stopped is opened again after so long, in milliseconds. */
const RECOVERY_DELAY_MS = 1000;

/** One partition of this leaf, open, or named unrecoverable while the others go on. */
export class Partition {
  readonly key: PartitionKey;
  /** `shop_0`. */
  readonly name: string;
  /** Who follows, and how far each has confirmed: what the log keeps records for. */
  readonly followers: FollowerRegistry;
  /** They outlive a change of role. */
  readonly #fences: WriteFences;
  #place: PartitionPlace;
  #environment: PartitionEnvironment;
  /** Null while its files are being replaced, and when it is unrecoverable or closed. */
  #open: OpenPartition | null = null;
  #failure: DatabaseError | null = null;
  #closed = false;
  /** One change of role or content after another. */
  readonly #turns = new Turns();

  private constructor(place: PartitionPlace, environment: PartitionEnvironment) {
    this.key = place.key;
    this.name = partitionName(place.key);
    this.#place = place;
    this.#environment = environment;
    this.#fences = new WriteFences(environment.clock, this.name);
    this.followers = new FollowerRegistry(partitionPaths(place.directory).followers);
  }

  /** Makes the directory, the file and the log; a primary opens term 1. */
  static async create(
    place: PartitionPlace,
    identity: PartitionIdentity,
    environment: PartitionEnvironment,
  ): Promise<Partition> {
    await createPartitionFiles(place, identity, environment);
    return Partition.open(place, environment);
  }

  /**
   * Opens what is there: finishes a cut snapshot, cuts a torn tail, replays the log. A partition
   * that is unrecoverable opens too: every request then answers why.
   */
  static async open(place: PartitionPlace, environment: PartitionEnvironment): Promise<Partition> {
    const partition = new Partition(place, environment);
    await partition.#openFiles();
    return partition;
  }

  /** Its log: `read`, `contains`, `tail`, `hardened`, `waitAfter` for the log sender. */
  get log(): Log {
    return this.#opened.core.log;
  }

  get filePath(): string {
    return this.#opened.core.file.path;
  }

  get role(): PartitionRole {
    return this.#opened.core.file.meta.role;
  }

  /** False at a secondary until `markProvisioned`: reads are refused till then. */
  get provisioned(): boolean {
    return this.#opened.core.file.meta.provisioned;
  }

  /** The newest position that is visible in the file. */
  get replay(): Position {
    return this.#opened.core.file.meta.applied;
  }

  /** False while its files are being replaced, and where they could not be opened. */
  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** Why it is unrecoverable, or null. */
  get failure(): DatabaseError | null {
    return this.#failure;
  }

  status(): OwnStatus {
    if (this.#open === null) return failedStatus(this.#place, this.#failure);
    return openStatus(this.key, this.#open);
  }

  // The requests of aggregators.

  /** Throws, or rejects with, a DatabaseError. */
  write(request: WriteRequest): Promise<WriteStepResult[]> {
    return this.#opened.write(request);
  }

  /** Rows in bounded batches; the snapshot they are read from lasts until the end. */
  read(request: ReadRequest, signal?: AbortSignal): AsyncGenerator<RowBatch, void, undefined> {
    return this.#opened.read(request, signal);
  }

  /** All rows of a short read, at once; null where it is to go the long way, by `read`. */
  readNow(request: ReadRequest, tell?: (opened: OpenedRead) => void): readonly Row[] | null {
    return this.#opened.readNow(request, tell);
  }

  readonly undoLastWrite = async (id: string) => this.#primary.transactions.undoLastWrite(id);

  async savepoint(request: SavepointRequest): Promise<void> {
    await this.#primary.transactions.savepoint(request);
  }

  async commit(transactionId: string): Promise<void> {
    await this.#primary.transactions.commit(transactionId);
  }

  async rollback(transactionId: string): Promise<void> {
    this.#primary.transactions.rollback(transactionId);
  }

  async prepare(transactionId: string, participants: readonly number[]): Promise<void> {
    await this.#primary.transactions.prepare(transactionId, participants);
  }

  async decide(transactionId: string, verdict: Verdict): Promise<void> {
    await this.#primary.transactions.decide(transactionId, verdict);
  }

  /** Which of them have ended here; `isWhole` unless the oldest are forgotten. */
  knownTransactions(transactionIds: readonly string[]): ReturnType<Verdicts['known']> {
    return this.#opened.core.verdicts.known(transactionIds);
  }

  async verdict(transactionId: string): Promise<Verdict> {
    return this.#primary.transactions.verdict(transactionId);
  }

  async forgetVerdicts(verdicts: ForgettableVerdicts): Promise<void> {
    await forgetVerdicts(this.#primary.core, verdicts);
  }

  readonly define = async (change: DefinitionChange) => define(this.#primary.core, change);
  readonly interruptDefinition = async (to: number) => interruptDefinition(this.#primary.core, to);
  readonly setIncarnation = async (to: number) => setIncarnation(this.#opened.core, to);

  /** See LeafCalls.fence. */
  async fence(request: Omit<LeafCalls['fence']['request'], 'key'>): Promise<void> {
    await this.#primary.fence(request);
  }

  schema(): { version: number; tables: readonly TableDefinition[] } {
    const { file } = this.#opened.core;
    return { version: file.meta.catalogVersion, tables: [...file.tables.values()] };
  }

  readonly checksum = async (signal?: AbortSignal) => checksum(this.#opened.core.readers, signal);

  // Being followed.

  /** A copy at a known position, kept for a bounded time so that a cut transfer can go on. */
  async snapshot(): Promise<Snapshot> {
    return this.#opened.takeSnapshot();
  }

  /** The copy of that id while it is kept, else null. */
  findSnapshot(id: string): Snapshot | null {
    return this.#opened.snapshots.find(id);
  }

  // Following: roles `secondary` and `replica` only.

  /**
   * Appends whole frames to the log byte for byte, makes them durable and visible; answers the
   * hardened position. Throws FrameError when they do not continue this log (nothing is applied),
   * DatabaseError partitionUnrecoverable when a change meets other rows than at the primary.
   */
  async applyFrames(frames: Uint8Array): Promise<Position> {
    return this.#inTurn(() => this.#follower.applyFrames(frames));
  }

  /** The same for a part of a long record: true once all of it is there, durable and visible. */
  readonly applyPart = (part: RecordPart) => this.#inTurn(() => this.#follower.applyPart(part));
  /** The same for what is durable elsewhere: visible at once, durable once `harden` resolves. */
  readonly takeFrames = async (bytes: Uint8Array): Promise<Position> =>
    this.#inTurn(() => this.#follower.takeFrames(bytes));
  readonly harden = async (): Promise<void> => this.#opened.follower.harden();

  /** Replaces all content by the snapshot file (it is moved away from `path`). Crash-safe. */
  async installSnapshot(path: string, position: Position): Promise<void> {
    await this.#inTurn(async () => {
      void this.#follower;
      const { meta } = this.#opened.core.file;
      await readySnapshot(partitionPaths(this.#place.directory), path, { position, meta });
      this.#environment.failpoint('after-snapshot-ready');
      dropBase(this.#opened.core);
      await this.#reopen();
      this.#place.onFileReplaced();
    });
  }

  /** Whether the copy is whole, and can be read. Durable with the next record. */
  async markProvisioned(provisioned = true): Promise<void> {
    await this.#inTurn(() => this.#setCopy(this.role, provisioned));
  }

  /** Opens the next term and takes writes. Idempotent: a primary answers its position. */
  async promote(): Promise<Position> {
    return this.#inTurn(async () => {
      const { core, follower, transactions } = this.#opened;
      if (core.file.meta.role === 'primary') return core.log.tail;
      const position = await follower.promote();
      dropBase(core);
      if (follower.prepared !== null) transactions.adopt(follower.prepared);
      return position;
    });
  }

  /** A primary becomes a secondary that holds what it has. Ends its transactions. */
  async demote(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.role !== 'primary') return;
      await this.#reopen();
      await this.#setCopy('secondary', true);
      await this.#reopen();
    });
  }

  /** No promotion can want to go back behind a definition that led to `version`. */
  async releaseBase(version: number): Promise<void> {
    await this.#inTurn(async () => {
      const { core } = this.#opened;
      if (core.file.meta.catalogVersion === version) dropBase(core);
    });
  }

  /** Takes back every record after `lsn`. False when it cannot: take a snapshot instead. */
  async rewindTo(lsn: LSN): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!(await this.#follower.canRewindTo(lsn))) return this.#rebuildAt(lsn);
      while (this.log.tail.lsn > lsn) {
        await this.#follower.rewindTowards(lsn);
        await this.#reopen();
      }
      return true;
    });
  }

  /** Checkpoints and drops what retention allows, by itself; `all`: all that no follower needs. */
  async maintain({ all }: { readonly all: boolean } = { all: false }): Promise<void> {
    await (all ? this.#opened.maintenance.compact() : this.#opened.maintenance.run());
  }

  /** Waits for what is being written; everything prepared is found again at the next start. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#closed = true;
      await this.#closeFiles();
      const state = 'it is closed';
      this.#failure ??= databaseError('partitionNotOnline', { partition: this.name, state });
    });
  }

  get #opened(): OpenPartition {
    if (this.#open !== null) return this.#open;
    const state = 'its files are being replaced';
    throw this.#failure ?? databaseError('partitionNotOnline', { partition: this.name, state });
  }

  get #primary(): OpenPartition {
    this.#opened.checkPrimary();
    return this.#opened;
  }

  get #follower(): Follower {
    const { core, follower } = this.#opened;
    if (core.file.meta.role !== 'primary') return follower;
    throw databaseError('notReplicating', { name: this.key.database });
  }

  /** The copy from before a definition takes the place of the file, and the log begins anew. */
  async #rebuildAt(lsn: LSN): Promise<boolean> {
    const { core } = this.#opened;
    const path = await buildFromBase(core, lsn);
    if (path === null) return false;
    const meta = { meta: core.file.meta, provisioned: this.provisioned };
    const own = { position: core.log.reader.positionAt(lsn), ...meta };
    await readySnapshot(partitionPaths(this.#place.directory), path, own);
    await this.#reopen();
    this.#place.onFileReplaced();
    return true;
  }

  async #setCopy(role: PartitionRole, provisioned: boolean): Promise<void> {
    const { file } = this.#opened.core;
    file.begin(false);
    file.setRole(role, provisioned);
    file.commit();
    await writeIdentity(file.path, file.meta);
  }

  async #reopen(): Promise<void> {
    await this.#closeFiles();
    await this.#openFiles();
  }

  async #closeFiles(): Promise<void> {
    try {
      await this.#open?.close();
    } catch (error) {
      const fields = { partition: this.name };
      this.#environment.logger.error('A partition could not be closed.', fields, error);
    }
    this.#open = null;
  }

  async #openFiles(): Promise<void> {
    try {
      const recover = (): void => this.#recoverLater();
      const { core, replay } = await openCore(this.#place, this.#environment, recover);
      this.#open = new OpenPartition(core, replay, {
        followers: this.followers,
        fences: this.#fences,
        snapshots: partitionPaths(this.#place.directory).snapshots,
        inTurn: (work) => this.#inTurn(work),
      });
      this.#failure = null;
    } catch (error) {
      const before = this.#failure?.message;
      this.#failure = toOpenError(this.name, this.#place.directory, error);
      const fields = { partition: this.name };
      if (this.#failure.message !== before) {
        this.#environment.logger.error('A partition cannot be opened.', fields, this.#failure);
      }
      if (isTrouble(this.#failure)) this.#recoverLater();
    }
  }

  /** It stopped amid a write: once it can be opened again, the log makes it whole. */
  #recoverLater(): void {
    const recover = (): void => void this.#inTurn(() => this.#recover());
    this.#environment.clock.after(RECOVERY_DELAY_MS, recover);
  }

  async #recover(): Promise<void> {
    if (this.#closed) return;
    // While the disk is full what is in the file can still be read.
    const full = this.#open?.core.file.stopped?.is('diskFull') === true;
    if (full && !hasRoom(this.#place.directory)) return this.#recoverLater();
    await this.#reopen();
    if (this.#failure !== null) return;
    this.#environment.logger.info('A partition is online again.', { partition: this.name });
    this.#place.onFileReplaced();
    this.#place.onOpenedAgain();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.inTurn(this.name, work);
  }
}
