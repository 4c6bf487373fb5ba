// The user locks of the master aggregator as child aggregators ask for them: a lock lives no longer
// than the connection between the two, whichever of them dies.

import type { UserLockRequest } from '#aggregator/aggregator-context.ts';
import type { Clock, Timer } from '#shared/clock.ts';
import { connectionOwner } from './connection-owner.ts';
import type { LocalUserLocks } from './user-locks.ts';

/**
 * A child that lost us ends the clients that hold locks, by its own watch over the connection.
 * Where it lives on, cut off, that is so much later than ours at most; in milliseconds.
 */
const GRACE_MS = 5000;

export class ServedUserLocks {
  readonly locks: LocalUserLocks;
  readonly #clock: Clock;
  readonly #ending = new Map<number, Timer>();

  constructor(locks: LocalUserLocks, clock: Clock) {
    this.locks = locks;
    this.#clock = clock;
  }

  /** Open as long as an aggregator is there; yields nothing. Its clients' locks end after it. */
  async *attend(nodeId: number, signal: AbortSignal): AsyncGenerator<never, void, undefined> {
    this.#ending.get(nodeId)?.cancel();
    // Whoever comes anew has ended those that held locks before.
    this.#release(nodeId);
    try {
      yield* endOf(signal);
    } finally {
      const timer = this.#clock.after(GRACE_MS, () => this.#release(nodeId));
      this.#ending.set(nodeId, timer);
    }
  }

  async *acquire(
    request: UserLockRequest,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly granted: boolean }, void, undefined> {
    yield { granted: await this.locks.acquire(request, signal) };
  }

  #release(nodeId: number): void {
    this.#ending.delete(nodeId);
    this.locks.releaseWhere((holder) => connectionOwner(holder) === nodeId);
  }
}

async function* endOf(signal: AbortSignal): AsyncGenerator<never, void, undefined> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (!signal.aborted) await promise;
}
