// What keeps writers out of a partition for a while: FLUSH TABLES WITH READ ONLY, or its move.

import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { FenceReason } from '#shared/wire/message.ts';

/** Each reason has a fence of its own, which falls by itself when nobody renews it. */
export class WriteFences {
  readonly #clock: Clock;
  readonly #partition: string;
  /** Monotonic milliseconds at which each falls. */
  readonly #until = new Map<FenceReason, number>();

  constructor(clock: Clock, partition: string) {
    this.#clock = clock;
    this.#partition = partition;
  }

  isUp(reason: FenceReason): boolean {
    return this.#clock.monotonicMs() < (this.#until.get(reason) ?? -Infinity);
  }

  /** Up for so long from now on; 0 lowers it. */
  raise(reason: FenceReason, leaseMs: number): void {
    this.#until.set(reason, leaseMs === 0 ? -Infinity : this.#clock.monotonicMs() + leaseMs);
  }

  /** Throws partitionMoved: whoever plans again will find it where it goes. */
  checkMove(): void {
    if (!this.isUp('move')) return;
    throw databaseError('partitionMoved', { partition: this.#partition, to: 'another leaf' });
  }

  /** Throws partitionMoved or writesFenced while one is up. */
  check(): void {
    this.checkMove();
    if (this.isUp('flush')) throw databaseError('writesFenced', {});
  }
}
