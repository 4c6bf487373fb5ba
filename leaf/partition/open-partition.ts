// An open partition at work: the checks that every task passes, then the way of its kind.

import { catalogVersionOf, planVersion } from '#shared/cluster/plan-version.ts';
import { dirname } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { must } from '#shared/assert.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type {
  LeafCalls,
  LeafStreams,
  OpenedRead,
  RowBatch,
  WriteStepResult,
} from '#shared/wire/message.ts';
import { patientClaim } from '#shared/lock-claim.ts';
import type { FollowerRegistry } from '#leaf/log/follower-registry.ts';
import { readDamageMark } from './damage.ts';
import { Follower } from './follower.ts';
import { GroupCommit } from './group-commit.ts';
import { Maintenance } from './maintenance.ts';
import { openedRead, readyForRead, tellOpened } from './opened-read.ts';
import type { PartitionCore } from './partition-core.ts';
import type { Replay } from './replay.ts';
import { keepBase } from './rewind-base.ts';
import type { Reader } from './reader-pool.ts';
import { readRows, takeBatch, type RowSource } from './row-batches.ts';
import { readShort } from './short-read.ts';
import { Snapshots, type Snapshot } from './snapshot.ts';
import type { StatementCost } from './statement-costs.ts';
import type { OwnResult, OwnRows } from './transaction-task.ts';
import { Transactions } from './transactions.ts';
import type { WriteFences } from './write-fences.ts';
import { isLong, writeElsewhere } from './write-elsewhere.ts';
import { toClientError } from './write-steps.ts';

/** How long closing waits for a write that is under way, in milliseconds. */
const CLOSE_WAIT_MS = 10_000;

type WriteRequest = Omit<LeafCalls['write']['request'], 'key'>;
type FenceRequest = Omit<LeafCalls['fence']['request'], 'key'>;
type ReadRequest = Omit<LeafStreams['read']['request'], 'key'>;

export class OpenPartition {
  readonly core: PartitionCore;
  readonly transactions: Transactions;
  readonly follower: Follower;
  readonly snapshots: Snapshots;
  readonly maintenance: Maintenance;
  #groups: GroupCommit;
  #closing = false;
  readonly #fences: WriteFences;

  constructor(
    core: PartitionCore,
    replay: Replay,
    options: {
      readonly followers: FollowerRegistry;
      readonly fences: WriteFences;
      readonly snapshots: string;
      /** Runs work while nothing is applied here, and the role stays as it is. */
      readonly inTurn: (work: () => Promise<void>) => Promise<void>;
    },
  ) {
    this.core = core;
    this.#fences = options.fences;
    this.transactions = new Transactions(core);
    this.snapshots = new Snapshots(options.snapshots, core.file.path, core.environment.clock);
    this.follower = new Follower(core, replay, () => keepBase(core, this.snapshots));
    this.maintenance = new Maintenance(core, options.followers, options.inTurn);
    this.#groups = new GroupCommit(core);
    const primary = core.file.meta.role === 'primary';
    if (primary && replay.prepared !== null) this.transactions.adopt(replay.prepared);
    this.maintenance.start();
  }

  /** Who begins with it is never ahead of what this copy keeps. */
  async takeSnapshot(): Promise<Snapshot> {
    const snapshot = await this.snapshots.take();
    await this.core.log.sync();
    return snapshot;
  }

  async write(request: WriteRequest): Promise<WriteStepResult[]> {
    try {
      return await this.#write(request);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  #write(request: WriteRequest): Promise<WriteStepResult[]> {
    this.#fences.checkMove();
    this.checkPrimary();
    const { file } = this.core;
    const { steps, transaction, lockWaitTimeoutMs } = request;
    const foreignKeys = request.foreignKeyChecks || !file.hasForeignKeys;
    const check = (): void => this.#checkWrite(request.catalogVersion);
    if (transaction !== null) {
      const options = { tag: transaction, foreignKeys, lockWaitTimeoutMs, check };
      return this.transactions.write(options, request);
    }
    const timeoutMs = lockWaitTimeoutMs;
    if (isLong(this.core, request)) {
      return writeElsewhere(this.core, { foreignKeys, timeoutMs, check }, steps);
    }
    return this.#groups.submit({ foreignKeys, steps, timeoutMs, check });
  }

  async *read(
    request: ReadRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    let reader: Reader | null = null;
    try {
      const held = this.#noteRead();
      if (held !== null) await held;
      await readyForRead(this.core, this.transactions, request);
      const own = request.transaction === null ? null : await this.#openOwn(request, signal);
      if (own !== null) {
        const rows = Symbol.asyncIterator in own ? own : batchesOf(own, signal);
        yield* tellOpened(rows, openedRead(this.core, request));
        return;
      }
      const { redefined } = this.core.file;
      if (redefined !== null) await redefined;
      this.#checkRead(request.catalogVersion);
      reader = this.core.readers.acquire();
      const opened = this.#pin(reader, request);
      const cost = this.#costOf(reader.connection, request);
      if (cost === 'long') {
        this.core.readers.release(reader);
        reader = null;
        yield* this.#readElsewhere(request, signal);
        return;
      }
      // Its siblings come to their snapshots before its statement begins.
      if (opened !== null) await yieldToOthers();
      const source = this.#openOn(reader, request);
      const timed = cost === 'timed' ? this.#timed(source, request) : source;
      yield* tellOpened(batchesOf(timed, signal), opened);
    } catch (error) {
      const { sql, parameters } = request.statement;
      const run = { sql, values: parameters, row: 1 };
      throw this.#noted(toClientError(error, this.core.file, run));
    } finally {
      if (reader !== null) this.core.readers.release(reader);
    }
  }

  /**
   * All rows of a short read, at once; null where it is to go the long way, by `read`. One that is
   * `together` with reads elsewhere has to `tell` what it sees.
   */
  readNow(request: ReadRequest, tell?: (opened: OpenedRead) => void): readonly Row[] | null {
    // Where nothing is prepared anywhere, reads of one turn see the same transactions.
    const isAlone = request.together === undefined;
    if (request.transaction !== null || (!isAlone && this.transactions.hasPrepared)) return null;
    if (this.core.file.redefined !== null || this.#noteRead() !== null) return null;
    try {
      this.#checkRead(request.catalogVersion);
      if (tell !== undefined && !this.#tellNow(request, tell)) return null;
      return readShort(this.core, request);
    } catch (error) {
      const { sql, parameters } = request.statement;
      throw this.#noted(toClientError(error, this.core.file, { sql, values: parameters, row: 1 }));
    }
  }

  /** False while it is not known what a read of this moment sees. */
  #tellNow({ together }: ReadRequest, tell: (opened: OpenedRead) => void): boolean {
    const { shared, file } = this.core;
    if (together === undefined || shared.knowsInMs(together) > 0) return false;
    tell({ seen: shared.seenAt(file.meta.applied.lsn, together), agoMs: 0 });
    return true;
  }

  /** Refuses writes for `leaseMs` as soon as nobody writes; throws lockWaitTimeout. */
  async fence({ reason, leaseMs, waitMs }: FenceRequest): Promise<void> {
    const { lock, environment } = this.core;
    // The writers that run must end first, unless it is fenced already.
    if (leaseMs > 0 && !this.#fences.isUp(reason)) {
      const claim = patientClaim(environment.hybridClock.next());
      await lock.acquire(claim, waitMs);
      lock.release(claim);
    }
    this.#fences.raise(reason, leaseMs);
  }

  /** Throws unless this partition takes writes. */
  checkPrimary(): void {
    const { name, key, file } = this.core;
    const offline = (state: string): DatabaseError =>
      databaseError('partitionNotOnline', { partition: name, state });
    if (this.#closing) throw offline('closing');
    if (file.stopped !== null) throw file.stopped;
    const { role } = file.meta;
    if (role === 'primary') return;
    const primary = 'its primary cluster';
    if (role === 'secondary') {
      throw databaseError('readOnlySecondary', { database: key.database, primary });
    }
    throw offline('a replica, read-only');
  }

  /** Ends what is open and waits for what is being written. */
  async close(): Promise<void> {
    const { lock, environment, readers, log, file } = this.core;
    await this.maintenance.stop();
    this.#closing = true;
    this.transactions.rollbackAll();
    this.#groups.close();
    const claim = patientClaim(0n);
    const prepared = this.transactions.inDoubt() !== null;
    try {
      if (!prepared) await lock.acquire(claim, CLOSE_WAIT_MS);
    } catch {
      environment.logger.warn('A partition closes amid a write.', { partition: this.core.name });
    }
    await this.snapshots.close();
    await environment.workers?.forget(file.path);
    await this.maintenance.finish();
    readers.close();
    file.close();
    await log.close();
  }

  /** A transaction's result among its own writes; null when it has not written here. */
  async #openOwn(request: ReadRequest, signal: AbortSignal | undefined): Promise<OwnRows | null> {
    const tag = must(request.transaction);
    this.checkPrimary();
    const { columns, statement, catalogVersion } = request;
    const { connection } = this.core.file;
    const result: OwnResult = {
      long: this.#costOf(connection, request) === 'long',
      open: () => {
        this.#checkRead(catalogVersion);
        return readRows(connection, statement, { cached: false, columns });
      },
      openElsewhere: (worker) => {
        this.#checkRead(catalogVersion);
        const task = {
          file: this.core.workerFile(),
          catalogVersion: catalogVersionOf(catalogVersion),
          statement,
          columns,
          onTaken: null,
        };
        return worker.read(task, signal);
      },
    };
    if (!request.forUpdate) return this.transactions.read(tag, result);
    const { lockWaitTimeoutMs } = request;
    const check = (): void => this.#checkWrite(catalogVersion);
    const options = { tag, foreignKeys: true, lockWaitTimeoutMs, check };
    return this.transactions.readLocked(options, result);
  }

  /** A read that is one of several takes its snapshot before its statement begins. */
  #pin(reader: Reader, request: ReadRequest): (() => OpenedRead) | null {
    if (request.together === undefined) return null;
    return openedRead(this.core, request, this.core.readers.pin(reader));
  }

  #costOf(connection: SqliteFile, { statement, catalogVersion }: ReadRequest): StatementCost {
    if (this.core.environment.workers === null) return 'key';
    return this.core.costs.of(connection, statement, catalogVersion);
  }

  /** The source itself; how long it holds up the event loop is noted with its first row. */
  *#timed(source: RowSource, { statement }: ReadRequest): Generator<Row, void, undefined> {
    const { clock } = this.core.environment;
    const startedMs = clock.monotonicMs();
    try {
      let next = source.next();
      this.core.costs.ranHere(statement.sql, clock.monotonicMs() - startedMs);
      for (; next.done !== true; next = source.next()) yield next.value;
    } finally {
      source.return?.();
    }
  }

  /** A result as of the newest commit, read by a worker. */
  #readElsewhere(
    request: ReadRequest,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const { costs, environment, workerFile } = this.core;
    const { statement, columns } = request;
    const catalogVersion = catalogVersionOf(request.catalogVersion);
    const onRan = (ms: number): void => costs.ranElsewhere(statement.sql, statement.parameters, ms);
    let opened: (() => OpenedRead) | null = null;
    const onTaken = (lsn: LSN): void => {
      opened = openedRead(this.core, request, lsn);
    };
    const together = request.together !== undefined;
    const asked = { file: workerFile(), catalogVersion, statement, columns, onRan };
    const task = { ...asked, onTaken: together ? onTaken : null };
    const batches = must(environment.workers).read(task, signal);
    return tellOpened(batches, together ? () => must(opened)() : null);
  }

  /** A result as of the newest commit, on a connection of its own. */
  #openOn(reader: Reader, { statement, columns }: ReadRequest): RowSource {
    return readRows(reader.connection, statement, { cached: true, columns });
  }

  /** A statement has met damage: the file is looked through, and stopped if it is its own. */
  #noted(error: unknown): unknown {
    const damaged = error instanceof DatabaseError && error.is('partitionUnrecoverable');
    if (damaged && this.core.file.stopped === null) void this.maintenance.suspect();
    return error;
  }

  #checkWrite(catalogVersion: number): void {
    this.#fences.check();
    this.checkPrimary();
    this.#checkVersion(catalogVersion);
  }

  /** Null: what has arrived here is visible. Else when this has resolved. */
  #noteRead(): Promise<void> | null {
    const { file, environment } = this.core;
    return file.meta.role === 'secondary' ? (environment.noteRead?.() ?? null) : null;
  }

  #checkRead(catalogVersion: number): void {
    const { file, key, name } = this.core;
    if (!file.schemaKnown) {
      const state = 'stopped amid a definition';
      throw databaseError('partitionNotOnline', { partition: name, state });
    }
    if (file.stopped !== null && readDamageMark(dirname(file.path)) !== null) throw file.stopped;
    if (!file.meta.provisioned) throw databaseError('databaseProvisioning', { name: key.database });
    this.#checkVersion(catalogVersion);
  }

  #checkVersion(want: number): void {
    const { file, name, incarnation } = this.core;
    const { catalogVersion } = file.meta;
    const have = planVersion({ incarnation, catalogVersion });
    if (have !== want) throw databaseError('catalogMismatch', { partition: name, have, want });
  }
}

/** What a source has, in batches, with a turn for others between two. */
async function* batchesOf(
  source: RowSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowBatch, void, undefined> {
  try {
    while (signal?.aborted !== true) {
      const { batch, done } = takeBatch(source);
      if (batch.rows.length > 0) yield batch;
      if (done) return;
      await yieldToOthers();
    }
  } finally {
    source.return?.();
  }
}
