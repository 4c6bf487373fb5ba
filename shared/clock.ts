// Time, waiting and chance: the one door to them, so that a simulation can own all three.

import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** A pending call; `cancel` is harmless afterwards. */
export interface Timer {
  cancel(): void;
}

/** Real time or simulated time. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Milliseconds that never go back, from an arbitrary start. */
  monotonicMs(): number;
  /** Calls `action` once, after `ms`. The timer does not keep the process alive. */
  after(ms: number, action: () => void): Timer;
  /** Resolves after `ms`; rejects with the signal's reason when that fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A uniform integer, 0 <= result < limit. */
  random(limit: number): number;
  /** Bytes from the system's generator. */
  randomBytes(count: number): Uint8Array;
}

/** The machine's own clock and generator. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  async sleep(ms, signal) {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
  random: (limit) => randomInt(limit),
  randomBytes: (count) => new Uint8Array(randomBytes(count)),
};
