// Keeps a partition's files small: checkpoints on another thread, then drops what nobody needs.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Timer } from '#shared/clock.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { FollowerRegistry } from '#leaf/log/follower-registry.ts';
import { planRetention, type RetentionPlan } from '#leaf/log/log-retention.ts';
import { checkInBackground, stopDamaged } from './background-check.ts';
import { dropSetAside } from './begin-anew.ts';
import type { PartitionCore } from './partition-core.ts';
import { partitionPaths } from './partition-directory.ts';
import { WalKeeper } from './wal-keeper.ts';

/** How often it looks, in milliseconds. */
const INTERVAL_MS = 1000;
/** A WAL longer than this is moved into the file at once, in pages and bytes. */
const WAL_PAGES_MAX = 8 * 1024;
const PAGE_BYTES = 4096;
/** A shorter one is moved after so long, in milliseconds. */
const CHECKPOINT_INTERVAL_MS = 60_000;

/** Looks after one open partition until it is stopped. */
export class Maintenance {
  #core: PartitionCore;
  #followers: FollowerRegistry;
  #timer: Timer | null = null;
  #stopped = false;
  /** A check of the SQLite file is under way. */
  #suspected = false;
  #checkpointMs: number;
  /** The last checkpoint that was asked for. */
  #running: Promise<void> = Promise.resolve();
  /** The SQLite file has this on disk. */
  #durableLsn: LSN = 0n;
  readonly #wal: WalKeeper;

  /** `inTurn`: see WalKeeper. */
  constructor(
    core: PartitionCore,
    followers: FollowerRegistry,
    inTurn: (work: () => Promise<void>) => Promise<void>,
  ) {
    this.#core = core;
    this.#followers = followers;
    this.#wal = new WalKeeper(core, inTurn);
    this.#checkpointMs = core.environment.clock.monotonicMs();
  }

  start(): void {
    void this.#checkFiles();
    this.#later();
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer = this.#core.environment.clock.after(INTERVAL_MS, () => void this.#turn());
  }

  /** Resolves when nothing of it is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.allSettled([this.#running]);
    await this.#wal.stop();
  }

  async #turn(): Promise<void> {
    const { clock, logger } = this.#core.environment;
    try {
      // With durability `async` nobody else makes the log durable.
      await this.#core.log.harden();
      const late = clock.monotonicMs() - this.#checkpointMs > CHECKPOINT_INTERVAL_MS;
      const dirty = this.#core.file.meta.applied.lsn > this.#durableLsn;
      if (dirty && (late || this.#isWalLong(WAL_PAGES_MAX))) {
        await this.run();
      }
    } catch (error) {
      logger.error('A checkpoint has failed.', { partition: this.#core.name }, error);
    }
    this.#later();
  }

  /** A WAL keeps its length when it begins anew: what was long once says nothing by itself. */
  #isWalLong(pagesMax: number): boolean {
    const { file, readers } = this.#core;
    if (walBytes(file.path) <= pagesMax * PAGE_BYTES) return false;
    const reader = readers.acquire();
    try {
      const { written, moved } = reader.connection.wal();
      return written - moved > pagesMax;
    } finally {
      readers.release(reader);
    }
  }

  /**
   * Before the file is closed, which would checkpoint it on the event loop: that is done on another
   * thread. What fails here is left to the close.
   */
  async finish(): Promise<void> {
    const { environment, file, log, name, readers } = this.#core;
    try {
      if (!this.#isWalLong(0)) return;
      await log.harden();
      readers.letGo();
      await environment.checkpoint(file.path);
    } catch (error) {
      const sentence = 'A file is closed without a checkpoint before.';
      environment.logger.warn(sentence, { partition: name }, error);
    }
  }

  /** Looks through the SQLite file, and stops the partition when it is damaged. */
  async suspect(): Promise<void> {
    if (this.#suspected) return;
    this.#suspected = true;
    const { environment, file, name } = this.#core;
    try {
      const damage = await environment.verifier.file(file.path);
      if (this.#stopped) return;
      if (damage !== '') stopDamaged(this.#core, damage);
      else {
        const sentence = 'A statement met damage in a file that is sound: the reference tables?';
        environment.logger.warn(sentence, { partition: name });
      }
    } catch (error) {
      const sentence = 'A file that seems damaged could not be checked.';
      environment.logger.error(sentence, { partition: name }, error);
    }
    this.#suspected = false;
  }

  async #checkFiles(): Promise<void> {
    const { environment, name } = this.#core;
    try {
      await checkInBackground(this.#core, () => this.#stopped);
    } catch (error) {
      if (this.#stopped) return;
      const sentence = 'The files of a partition could not be checked.';
      environment.logger.warn(sentence, { partition: name }, error);
    }
  }

  /**
   * As `run`, and the log keeps nothing but what followers need. Not at a secondary: a promotion
   * takes back the end of its log where it has come by halves.
   */
  async compact(): Promise<void> {
    await Promise.allSettled([this.#running]);
    if (this.#core.file.meta.role === 'secondary') return this.run();
    await this.#core.log.closeSegment();
    await this.run(0);
  }

  /** One checkpoint and, where it was whole, what retention then allows. One after another. */
  async run(keptBytesMin = this.#core.environment.retention.keptBytesMin): Promise<void> {
    this.#running = this.#runAfter(this.#running, keptBytesMin);
    await this.#running;
  }

  async #runAfter(before: Promise<void>, keptBytesMin: number): Promise<void> {
    await Promise.allSettled([before]);
    const { file, log, environment } = this.#core;
    this.#checkpointMs = environment.clock.monotonicMs();
    const { lsn } = file.meta.applied;
    // The file on disk must not be ahead of the log on disk, but for what comes meanwhile.
    await log.harden();
    if (!(await this.#wal.checkpoint()) || this.#stopped) return;
    environment.failpoint('after-checkpoint');
    this.#durableLsn = lsn;
    await log.leftBehind.drop();
    if (file.meta.provisioned) await dropSetAside(partitionPaths(dirname(file.path)));
    await this.#retain(keptBytesMin);
  }

  async #retain(keptBytesMin: number): Promise<void> {
    const { log } = this.#core;
    const { firstLsn } = log;
    const { dropped } = this.#letGo(keptBytesMin);
    // Saved first: a follower must not be found registered for what is gone.
    await this.#followers.save();
    // Others may have registered since, or segments may have been left behind.
    const now = this.#letGo(keptBytesMin);
    if (now.letGo.length > 0 || log.firstLsn !== firstLsn) return;
    await log.dropSegments(Math.min(dropped, now.dropped));
  }

  #letGo(keptBytesMin: number): RetentionPlan {
    const { log, environment, name } = this.#core;
    const plan = planRetention({
      segments: log.closedSegments(),
      logSizeBytes: log.sizeBytes,
      durableLsn: this.#durableLsn,
      followers: this.#followers.list(),
      limits: { ...environment.retention, keptBytesMin },
      nowMs: environment.clock.now(),
    });
    for (const { id, reason } of plan.letGo) {
      environment.logger.warn('A follower is let go.', { partition: name, follower: id, reason });
      this.#followers.letGo(id, reason);
    }
    return plan;
  }
}

function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
