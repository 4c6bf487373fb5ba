// When the writes of a leaf begin: together with those that come at about the same time, so that
// one sync of the journal makes them all durable.
//
// While a batch is being synced, what comes waits for the next one. That begins at once where
// clients come one by one. Where as many as before are sure to come again, because they have just
// been answered, it gives them a moment: a sync costs as much processor time as a small write.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Timer } from '#shared/clock.ts';
import type { SyncJournal } from '#leaf/log/sync-journal.ts';

/** How long a batch waits for those who are expected, in milliseconds. */
const WAIT_MS = 1;
/** So many batches must have had as many tasks for as many to be expected. */
const BATCHES_SEEN = 4;

/** What the gate looks at of the journal. */
export type GatheringJournal = Pick<SyncJournal, 'failed' | 'phase' | 'syncing'>;

/** The gate before the groups of a leaf's partitions. */
export class Gathering {
  readonly #clock: Clock;
  readonly #journal: GatheringJournal;
  /** Tasks that wait for their group. */
  #waiting = 0;
  /** Tasks of the batch that is being written or synced. */
  #begun = 0;
  /** How many tasks were there at once, of the last batches. */
  readonly #seen = new Array<number>(BATCHES_SEEN).fill(0);
  #expected = 0;
  #opening: Promise<void> | null = null;
  /** Wakes the batch that waits for more tasks. */
  #enough: (() => void) | null = null;

  constructor(clock: Clock, journal: GatheringJournal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  /** A task waits from now on. */
  come(): void {
    this.#waiting += 1;
    if (this.#waiting >= this.#expected) this.#enough?.();
  }

  /** A task that waited is written now, or has given up. */
  go(isWritten: boolean): void {
    this.#waiting -= 1;
    if (isWritten) this.#begun += 1;
  }

  /** Null: a group may begin now. Else it may when this has resolved. */
  get turn(): Promise<void> | null {
    if (this.#opening !== null) return this.#opening;
    if (this.#journal.failed || this.#journal.phase === 'noting') return null;
    if (this.#journal.phase === 'idle') {
      this.#see(this.#begun);
      if (this.#waiting >= this.#expected) return null;
    }
    this.#opening = this.#open();
    return this.#opening;
  }

  async #open(): Promise<void> {
    const { syncing } = this.#journal;
    if (syncing !== null) {
      await Promise.allSettled([syncing]);
      this.#see(this.#begun + this.#waiting);
      // Those whose batch it was are answered first.
      await nextTurn();
    }
    if (this.#waiting < this.#expected) await this.#more();
    this.#opening = null;
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer: Timer = this.#clock.after(WAIT_MS, resolve);
    this.#enough = resolve;
    await promise;
    this.#enough = null;
    timer.cancel();
  }

  #see(tasks: number): void {
    this.#begun = 0;
    this.#seen.shift();
    this.#seen.push(tasks);
    this.#expected = Math.min(...this.#seen);
  }
}
