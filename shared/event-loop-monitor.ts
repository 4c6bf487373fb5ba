// How late this process's event loop has been, over a window of recent seconds.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Timer } from './clock.ts';

const NANOSECONDS_PER_MS = 1e6;
/** The loop is looked at so often, in milliseconds; Node counts that as delay too. */
const RESOLUTION_MS = 20;
/** The figures are those of the last whole window, in milliseconds. */
const WINDOW_MS = 10_000;

/** In milliseconds. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Measures until it is closed. */
export class EventLoopMonitor {
  #clock: Clock;
  #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #last: EventLoopDelay | null = null;
  #timer: Timer;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#histogram.enable();
    this.#timer = this.#nextWindow();
  }

  /** Of the last whole window; the maximum is also that of the window under way. */
  get delay(): EventLoopDelay {
    const now = this.#measured();
    if (this.#last === null) return now;
    return { ...this.#last, max: Math.max(this.#last.max, now.max) };
  }

  close(): void {
    this.#timer.cancel();
    this.#histogram.disable();
  }

  #nextWindow(): Timer {
    return this.#clock.after(WINDOW_MS, () => {
      this.#last = this.#measured();
      this.#histogram.reset();
      this.#timer = this.#nextWindow();
    });
  }

  #measured(): EventLoopDelay {
    const toMs = (nanoseconds: number): number =>
      Math.max(0, nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS);
    const { max } = this.#histogram;
    const [p50, p99] = [this.#histogram.percentile(50), this.#histogram.percentile(99)];
    return { p50: toMs(p50), p99: toMs(p99), max: toMs(max) };
  }
}
