// A clock that never goes back and never falls behind what was seen: wall time with a counter.

import type { Clock } from '#shared/clock.ts';

/** The counter's bits, below the milliseconds. */
const COUNTER_BITS = 16n;

/** A hybrid logical clock: milliseconds since 1970 times 2^16, plus a counter. */
export class HybridClock {
  #clock: Clock;
  #latest = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A timestamp that is greater than every one before it, given out or observed. */
  next(): bigint {
    const wall = BigInt(Math.trunc(this.#clock.now())) << COUNTER_BITS;
    this.#latest = wall > this.#latest ? wall : this.#latest + 1n;
    return this.#latest;
  }

  /** Takes note of another node's timestamp: what is given out from here on is greater. */
  observe(timestamp: bigint): void {
    if (timestamp > this.#latest) this.#latest = timestamp;
  }
}

/** The milliseconds since 1970 of a hybrid timestamp. */
export function timestampToMs(timestamp: bigint): number {
  return Number(timestamp >> COUNTER_BITS);
}
