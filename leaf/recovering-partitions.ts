// The partitions that a leaf found at its start and has not opened yet: they are `recovering`.
//
// Those that are open serve meanwhile. The reference partition of a database is opened before its
// others: they read its rows, which may lack what only its log holds until then.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import { partitionName, REFERENCE_ORDINAL, type PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';

/** Partitions opened at once: each waits for the disk now and then. */
const openedAtOnce = 8;
/** How long a request waits for its partition before it is refused, in milliseconds. */
const waitMsMax = 10_000;

interface Recovering {
  readonly key: PartitionKey;
  readonly opened: PromiseWithResolvers<void>;
}

export class RecoveringPartitions {
  readonly #clock: Clock;
  /** By partition name. */
  readonly #recovering = new Map<string, Recovering>();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Cheap where nothing is recovering, which is nearly always. */
  has(key: PartitionKey): boolean {
    return this.#recovering.size > 0 && this.#recovering.has(partitionName(key));
  }

  /** All, or those of one database. */
  keys(database: string | null): readonly PartitionKey[] {
    const all = [...this.#recovering.values()].map(({ key }) => key);
    return database === null ? all : all.filter((key) => key.database === database);
  }

  /** Resolves when it is open, or is none of these. Throws partitionRecovering after a while. */
  async wait(key: PartitionKey): Promise<void> {
    const partition = partitionName(key);
    const entry = this.#recovering.get(partition);
    if (entry === undefined) return;
    const late = Promise.withResolvers<'late'>();
    const timer = this.#clock.after(waitMsMax, () => late.resolve('late'));
    const outcome = await Promise.race([entry.opened.promise, late.promise]);
    timer.cancel();
    if (outcome === 'late') throw databaseError('partitionRecovering', { partition });
  }

  /**
   * Every one of them is recovering from the call on, until `open` has opened it; resolves when
   * all are. Rejects with what `open` throws: that one stays recovering.
   */
  open(
    keys: readonly PartitionKey[],
    open: (key: PartitionKey) => Promise<void>,
  ): Promise<unknown> {
    for (const key of keys) {
      this.#recovering.set(partitionName(key), { key, opened: Promise.withResolvers<void>() });
    }
    const waiting = [...this.#recovering.values()];
    const work = async (): Promise<void> => {
      while (waiting.length > 0 && !this.#stopped) await this.#openNext(waiting, open);
    };
    return Promise.all(Array.from({ length: openedAtOnce }, work));
  }

  /** Those that are being opened are opened still; no others are begun. */
  stop(): void {
    this.#stopped = true;
  }

  /** Takes the first that may be opened now, or waits for what the first one needs. */
  async #openNext(
    waiting: Recovering[],
    open: (key: PartitionKey) => Promise<void>,
  ): Promise<void> {
    const index = waiting.findIndex(({ key }) => this.#before(key) === null);
    const [entry] = index < 0 ? [] : waiting.splice(index, 1);
    if (entry === undefined) {
      await this.#before(must(waiting[0]).key)?.opened.promise;
      return;
    }
    // Requests have their turn between two that are opened without waiting for anything.
    await yieldToOthers();
    await open(entry.key);
    this.#recovering.delete(partitionName(entry.key));
    entry.opened.resolve();
  }

  /** What must be open before this one: the reference partition beside it. */
  #before({ database, ordinal }: PartitionKey): Recovering | null {
    if (ordinal === REFERENCE_ORDINAL) return null;
    const reference = partitionName({ database, ordinal: REFERENCE_ORDINAL });
    return this.#recovering.get(reference) ?? null;
  }
}
