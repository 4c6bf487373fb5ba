// The transactions over several partitions that this one has lately made visible: what a read of
// several partitions needs to know that it sees each of them whole or not at all.

import type { Clock } from '#shared/clock.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { SharedCommit, Together } from '#shared/wire/message.ts';
import type { Verdicts } from './verdicts.ts';

/** Older ones are forgotten, in milliseconds; no read asks for so much. */
const REMEMBERED_MS = 20_000;

interface Remembered {
  readonly commit: SharedCommit;
  /** Of the `commit` record here. */
  readonly lsn: LSN;
  /** Monotonic milliseconds, rather later than earlier; Infinity until it is visible. */
  visibleSinceMs: number;
}

export class SharedCommits {
  readonly #clock: Clock;
  readonly #verdicts: Verdicts;
  readonly #openedMs: number;
  /** In the order of the log. */
  #recent: Remembered[] = [];

  constructor(clock: Clock, verdicts: Verdicts) {
    this.#clock = clock;
    this.#verdicts = verdicts;
    this.#openedMs = clock.monotonicMs();
  }

  /** Its record is in the log; `becomeVisible` does its COMMIT, after which it is visible. */
  async note(commit: SharedCommit, lsn: LSN, becomeVisible: () => Promise<void>): Promise<void> {
    const remembered = { commit, lsn, visibleSinceMs: Infinity };
    this.#forgetOld();
    this.#recent.push(remembered);
    await becomeVisible();
    remembered.visibleSinceMs = this.#clock.monotonicMs();
  }

  /** Milliseconds until this partition knows all that a read of such a window must be told. */
  knowsInMs({ windowMs }: Together): number {
    return Math.max(0, this.#openedMs + windowMs - this.#clock.monotonicMs());
  }

  /**
   * What a snapshot taken now, whose newest record is `applied`, sees of the transactions that
   * became visible within the window, and of those that are asked about.
   */
  seenAt(applied: LSN, { windowMs, about }: Together): readonly SharedCommit[] {
    const sinceMs = this.#clock.monotonicMs() - windowMs;
    const recent = this.#recent.filter(
      ({ lsn, visibleSinceMs }) => lsn <= applied && visibleSinceMs >= sinceMs,
    );
    const seen = new Map(recent.map(({ commit }) => [commit.transactionId, commit]));
    for (const transactionId of about) {
      if (seen.has(transactionId) || !this.#isVisible(transactionId)) continue;
      seen.set(transactionId, { transactionId, participants: [] });
    }
    return [...seen.values()];
  }

  #isVisible(transactionId: string): boolean {
    const recent = this.#recent.find(({ commit }) => commit.transactionId === transactionId);
    if (recent !== undefined) return recent.visibleSinceMs !== Infinity;
    return this.#verdicts.find(transactionId) === 'commit';
  }

  #forgetOld(): void {
    const sinceMs = this.#clock.monotonicMs() - REMEMBERED_MS;
    const kept = this.#recent.findIndex(({ visibleSinceMs }) => visibleSinceMs >= sinceMs);
    if (kept < 0) this.#recent = [];
    else if (kept > 0) this.#recent.splice(0, kept);
  }
}
