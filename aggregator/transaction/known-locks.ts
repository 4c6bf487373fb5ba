// The partitions' write locks, as far as this aggregator's own transactions have or want them.
//
// The first task of a transaction on a partition waits for its lock; once it is answered the lock
// is the transaction's until its end. So an aggregator sees a circle of its own transactions close,
// on whichever leaves their locks are, without asking anybody.

import { partitionName, type PartitionKey } from '#shared/cluster/topology.ts';
import type { LockClaim } from '#shared/lock-claim.ts';
import { LockWaits, type WaitedLock } from '#shared/lock-waits.ts';

/** The end of a wait: whether the transaction has the lock now. */
export type WaitEnded = (has: boolean) => void;

/** One partition's. */
class KnownLock implements WaitedLock {
  holder: LockClaim | null = null;
  /** How those who wait are told that they are the victim of a deadlock. */
  readonly waiting = new Map<LockClaim, () => void>();

  refuse(claim: LockClaim): void {
    this.waiting.get(claim)?.();
  }
}

/** Of one aggregator. */
export class KnownLocks {
  readonly #waits = new LockWaits();
  /** By partition, those that somebody has or wants. */
  readonly #locks = new Map<string, KnownLock>();

  /**
   * A transaction sends its first task to a partition. `refuse`: called at most once, when it is
   * the victim of a deadlock; its wait has ended then. Else the answer says how it ended.
   */
  ask(key: PartitionKey, claim: LockClaim, refuse: () => void): WaitEnded {
    const name = partitionName(key);
    const lock = this.#locks.get(name) ?? new KnownLock();
    this.#locks.set(name, lock);
    const waitEnded = this.#waits.begin(claim, lock);
    const end = (): boolean => {
      waitEnded();
      return lock.waiting.delete(claim);
    };
    lock.waiting.set(claim, () => {
      end();
      refuse();
    });
    this.#waits.breakCircles(claim);
    return (has) => {
      // Where it was refused and has the lock all the same, it lets go of it in a moment.
      if (end() && has) {
        lock.holder = claim;
        if (lock.waiting.size > 0) this.#waits.breakCircles(claim);
      }
      this.#forgetUnused(name, lock);
    };
  }

  /** The transaction has ended: it has none of these any more. */
  letGo(keys: readonly PartitionKey[], claim: LockClaim): void {
    for (const key of keys) {
      const name = partitionName(key);
      const lock = this.#locks.get(name);
      if (lock === undefined) continue;
      if (lock.holder === claim) lock.holder = null;
      this.#forgetUnused(name, lock);
    }
  }

  #forgetUnused(name: string, lock: KnownLock): void {
    const isUsed = lock.holder !== null || lock.waiting.size > 0;
    if (!isUsed && this.#locks.get(name) === lock) this.#locks.delete(name);
  }
}
