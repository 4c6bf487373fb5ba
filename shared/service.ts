// What must go on for ever: begins again after a failure, with a growing, jittered wait between.

import type { Clock } from './clock.ts';

export interface KeepRunningOptions {
  readonly clock: Clock;
  /** The first wait after a failure, in milliseconds; each further one is twice as long. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /**
   * One attempt. It calls `healthy` once it works: the next wait is the shortest again. It ends
   * when `signal` fires; however it ends, another attempt follows.
   */
  readonly run: (signal: AbortSignal, healthy: () => void) => Promise<void>;
  /** Told of each failed attempt, before the wait. */
  readonly onFailure?: (error: unknown, waitMs: number) => void;
}

/** A running one. */
export interface KeptRunning {
  /** Ends the wait for the next attempt, when there is one: something says that it is worth it. */
  hurry(): void;
  /** Resolves when the last attempt has ended. */
  stop(): Promise<void>;
}

/** Runs attempts one after another until it is stopped. */
export function keepRunning(options: KeepRunningOptions): KeptRunning {
  const stopped = new AbortController();
  const pause = new Pause(options.clock);
  const ended = repeat(options, pause, stopped.signal);
  return {
    hurry: () => pause.end(),
    async stop() {
      stopped.abort();
      pause.end();
      await ended;
    },
  };
}

/** A wait that can be ended early. */
class Pause {
  readonly #clock: Clock;
  #end: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  end(): void {
    this.#end?.();
  }

  async wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#end = resolve;
    const timer = this.#clock.after(ms, resolve);
    await promise;
    timer.cancel();
    this.#end = null;
  }
}

async function repeat(
  options: KeepRunningOptions,
  pause: Pause,
  signal: AbortSignal,
): Promise<void> {
  const { backoffMinMs, backoffMaxMs, clock } = options;
  let backoffMs = backoffMinMs;
  while (!signal.aborted) {
    let failure: unknown = null;
    try {
      await options.run(signal, () => (backoffMs = backoffMinMs));
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) return;
    const waitMs = Math.ceil(backoffMs / 2) + clock.random(Math.ceil(backoffMs / 2) + 1);
    if (failure !== null) options.onFailure?.(failure, waitMs);
    backoffMs = Math.min(backoffMs * 2, backoffMaxMs);
    await pause.wait(waitMs);
  }
}
