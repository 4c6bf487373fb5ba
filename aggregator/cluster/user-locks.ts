// The locks of GET_LOCK: who holds each, who waits for it in which order, and who would wait for
// ever. In memory: they end with the master aggregator, and with the connections to it.

import type { UserLockRequest, UserLocks } from '#aggregator/aggregator-context.ts';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';

type Outcome = 'granted' | 'timeout' | 'interrupted';

interface Waiting {
  readonly holder: number;
  readonly name: string;
  readonly settle: (outcome: Outcome) => void;
}

interface Lock {
  holder: number;
  /** How often its holder has got it and not given it back. */
  count: number;
  readonly queue: Waiting[];
}

export class LocalUserLocks implements UserLocks {
  readonly #clock: Clock;
  readonly #locks = new Map<string, Lock>();
  /** A connection waits for one lock at a time: it runs one statement at a time. */
  readonly #waiting = new Map<number, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async acquire(request: UserLockRequest, signal: AbortSignal): Promise<boolean> {
    const { holder, name, timeoutMs } = request;
    const lock = this.#locks.get(name);
    if (lock === undefined) {
      this.#locks.set(name, { holder, count: 1, queue: [] });
      return true;
    }
    if (lock.holder === holder) {
      lock.count += 1;
      return true;
    }
    if (timeoutMs === 0) return false;
    if (this.#wouldWaitForEver(holder, lock)) throw databaseError('userLockDeadlock', {});
    return await this.#wait(lock, request, signal);
  }

  async release(holder: number, name: string): Promise<boolean | null> {
    const lock = this.#locks.get(name);
    if (lock === undefined) return null;
    if (lock.holder !== holder) return false;
    lock.count -= 1;
    if (lock.count === 0) this.#passOn(name, lock);
    return true;
  }

  async releaseAll(holder: number): Promise<number> {
    return this.releaseWhere((held) => held === holder);
  }

  /** As releaseAll, of every connection that `isMeant`. */
  releaseWhere(isMeant: (holder: number) => boolean): number {
    let released = 0;
    for (const [name, lock] of this.#locks) {
      if (!isMeant(lock.holder)) continue;
      released += lock.count;
      this.#passOn(name, lock);
    }
    return released;
  }

  async holderOf(name: string): Promise<number | null> {
    return this.#locks.get(name)?.holder ?? null;
  }

  /** `holder` has it so often and no more: what it was given and has not heard of is taken back. */
  settle(holder: number, name: string, count: number): void {
    const lock = this.#locks.get(name);
    if (lock?.holder !== holder || lock.count <= count) return;
    lock.count = count;
    if (count === 0) this.#passOn(name, lock);
  }

  /** True where whoever has it waits, over however many others, for `holder`. */
  #wouldWaitForEver(holder: number, lock: Lock): boolean {
    let ahead: Lock | undefined = lock;
    while (ahead !== undefined) {
      if (ahead.holder === holder) return true;
      const next = this.#waiting.get(ahead.holder);
      ahead = next === undefined ? undefined : this.#locks.get(next.name);
    }
    return false;
  }

  async #wait(lock: Lock, request: UserLockRequest, signal: AbortSignal): Promise<boolean> {
    const { holder, name, timeoutMs } = request;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    // Whoever is told leaves the queue in the same moment: nobody is given it after a timeout.
    const settle = (outcome: Outcome) => {
      this.#leave(lock, waiting);
      resolve(outcome);
    };
    const waiting: Waiting = { holder, name, settle };
    const onAbort = () => settle('interrupted');
    const timer = timeoutMs === null ? null : this.#clock.after(timeoutMs, () => settle('timeout'));
    lock.queue.push(waiting);
    this.#waiting.set(holder, waiting);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const outcome = await promise;
    timer?.cancel();
    signal.removeEventListener('abort', onAbort);
    if (outcome === 'interrupted') throw databaseError('queryInterrupted', {});
    return outcome === 'granted';
  }

  #leave({ queue }: Lock, waiting: Waiting): void {
    const place = queue.indexOf(waiting);
    if (place >= 0) queue.splice(place, 1);
    if (this.#waiting.get(waiting.holder) === waiting) this.#waiting.delete(waiting.holder);
  }

  /** To the one that has waited longest, or to nobody. */
  #passOn(name: string, lock: Lock): void {
    const [next] = lock.queue;
    if (next === undefined) {
      this.#locks.delete(name);
      return;
    }
    lock.holder = next.holder;
    lock.count = 1;
    next.settle('granted');
  }
}
