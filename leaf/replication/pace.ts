// When what has arrived at a secondary is applied: at once while somebody reads there, else all of
// a moment together.
//
// One by one, each small record is a sync of the log and a transaction of SQLite, which cost many
// times what its rows do. Where nobody looks, nobody sees the difference: what has arrived is held
// in memory, and a promotion or the first read applies it before anything else. All links of a leaf
// go on in the same turn, so that one sync of the journal makes the records of all of them durable.

import type { Clock } from '#shared/clock.ts';

/** Records are held for so long at the most, in milliseconds. */
const HOLD_MS = 250;
/** So long after a read another one is expected, in milliseconds. */
const READ_MS = 250;
/** A read waits for so long at the most for what is held, in milliseconds. */
const READ_WAIT_MS = 100;

/** One a leaf: reads at any of its secondaries hurry all of them. */
export class Pace {
  readonly #clock: Clock;
  #readMs = -Infinity;
  #turn: Promise<void> | null = null;
  #wake: () => void = () => undefined;
  /** Each ends when what a link holds is applied, or its link is over. */
  readonly #holding = new Set<Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Somebody reads at a secondary. Null: all that has arrived is applied, or soon will be. Else it
   * resolves when what is held is, or when that takes too long.
   */
  readonly noteRead = (): Promise<void> | null => {
    this.#readMs = this.#clock.monotonicMs();
    if (this.#turn !== null) this.#wake();
    return this.#holding.size === 0 ? null : this.#applied();
  };

  /** True when what arrives now is applied now. */
  get isNow(): boolean {
    return this.#turn === null && this.#clock.monotonicMs() - this.#readMs < READ_MS;
  }

  /** Resolves when what is held is to be applied; `applied` resolves when it has been. */
  async wait(applied: Promise<void>): Promise<void> {
    this.#holding.add(applied);
    void this.#forget(applied);
    this.#turn ??= this.#open();
    await this.#turn;
  }

  async #forget(applied: Promise<void>): Promise<void> {
    await applied;
    this.#holding.delete(applied);
  }

  async #open(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(HOLD_MS, resolve);
    this.#wake = resolve;
    await promise;
    timer.cancel();
    this.#turn = null;
  }

  async #applied(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.after(READ_WAIT_MS, late.resolve);
    await Promise.race([late.promise, Promise.all(this.#holding)]);
    timer.cancel();
  }
}
