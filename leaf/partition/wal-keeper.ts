// Moves a partition's WAL into its file, and begins it anew, where no event loop waits for a sync.
//
// Whoever writes first to a WAL that is whole in the file writes a new header, and SQLite syncs it:
// on the writer's connection that would be everybody's wait. So a reader keeps the WAL as it is
// from before a checkpoint until no writer is at work; then a thread begins it.

import { databaseError, type DatabaseError } from '#shared/error.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import { patientClaim, type LockClaim } from '#shared/lock-claim.ts';
import type { PartitionCore } from './partition-core.ts';

/** Pages that may be left to move while the writers wait. */
const LEFT_PAGES_MAX = 256;
/** A busy writer leaves some after every pass. */
const PASSES_MAX = 4;

/** The WAL of one open partition. One checkpoint at a time. */
export class WalKeeper {
  readonly #core: PartitionCore;
  readonly #inTurn: (work: () => Promise<void>) => Promise<void>;
  /** While it reads, the WAL goes on. */
  #reader: SqliteFile | null = null;
  /** A start waits for the writers to end. */
  #waits = false;
  #claim: LockClaim | null = null;
  /** The thread begins the WAL. */
  #starting: Promise<void> = Promise.resolve();
  #stopped = false;

  /** `inTurn`: runs work while nothing is applied here, and the role stays as it is. */
  constructor(core: PartitionCore, inTurn: (work: () => Promise<void>) => Promise<void>) {
    this.#core = core;
    this.#inTurn = inTurn;
  }

  /**
   * True when what is in the WAL now is in the file and on disk; the log is on disk as far. Then
   * it is begun anew.
   */
  async checkpoint(): Promise<boolean> {
    const { environment, file, log } = this.#core;
    const wanted = this.#hold();
    environment.failpoint('before-checkpoint');
    const checkpointed = environment.checkpoint(file.path);
    environment.failpoint('amid-checkpoint');
    try {
      let moved = await checkpointed;
      const isWhole = moved >= wanted;
      for (let pass = 1; pass < PASSES_MAX && isWhole && !this.#stopped; pass += 1) {
        if (this.#hold() - moved <= LEFT_PAGES_MAX) break;
        await log.harden();
        moved = await environment.checkpoint(file.path);
      }
      return isWhole;
    } finally {
      // It may have to wait for a transaction, which nobody here does.
      void this.#startWhenFree();
    }
  }

  /** Resolves when nothing is done to the WAL any more. Not amid a checkpoint. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const { name, lock } = this.#core;
    const closing = (): DatabaseError =>
      databaseError('partitionNotOnline', { partition: name, state: 'closing' });
    if (this.#claim !== null) lock.abandon(this.#claim, closing);
    await this.#starting;
    this.#release();
  }

  /** Keeps the WAL from beginning anew; answers how long it is, in pages. */
  #hold(): number {
    this.#core.readers.letGo();
    // Of the pool's, each would keep its functions and pages in memory.
    const reader = SqliteFile.open(this.#core.file.path, { readOnly: true });
    try {
      const { written } = reader.wal();
      reader.beginRead();
      // An older one would keep what has come since out of the file.
      this.#release();
      this.#reader = reader;
      return written;
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  #release(): void {
    this.#reader?.close();
    this.#reader = null;
  }

  /** Never throws. */
  async #startWhenFree(): Promise<void> {
    if (this.#waits || this.#stopped) return;
    this.#waits = true;
    try {
      await this.#whileNobodyWrites(async () => {
        this.#waits = false;
        if (this.#stopped) return;
        this.#starting = this.#start();
        await this.#starting;
      });
    } catch (error) {
      this.#waits = false;
      if (!this.#stopped) this.#warn(error);
    }
  }

  async #whileNobodyWrites(work: () => Promise<void>): Promise<void> {
    const { file, lock, environment } = this.#core;
    let isDone = false;
    if (file.meta.role !== 'primary') {
      await this.#inTurn(async () => {
        // A promotion may have come before.
        isDone = this.#stopped || file.meta.role !== 'primary';
        if (isDone) await work();
      });
    }
    if (isDone) return;
    const claim = patientClaim(environment.hybridClock.next());
    this.#claim = claim;
    await lock.acquire(claim, null);
    this.#claim = null;
    try {
      await work();
    } finally {
      lock.release(claim);
    }
  }

  /** Never throws. */
  async #start(): Promise<void> {
    const { file, log, readers, environment } = this.#core;
    try {
      // The file on disk must not be ahead of the log on disk.
      await log.harden();
      this.#release();
      if (file.stopped !== null) return;
      await readers.withoutKept(() => environment.startWal(file.path));
    } catch (error) {
      this.#release();
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    const { name, environment } = this.#core;
    const sentence = 'A WAL could not be begun anew: the next write does, and waits for a sync.';
    environment.logger.warn(sentence, { partition: name }, error);
  }
}
