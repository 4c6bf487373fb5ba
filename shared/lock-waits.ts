// Who waits for whom: a circle is a deadlock, and broken as soon as it closes.
//
// A leaf process looks at the locks of its own partitions, an aggregator at those of its own
// transactions, on whichever leaf. A circle that neither sees is broken by age (write-lock.ts).

import type { LockClaim } from './lock-claim.ts';

/** A lock, as those see it who look for circles. */
export interface WaitedLock {
  readonly holder: LockClaim | null;
  /** The waiter is refused: it is the victim of a deadlock. */
  refuse(claim: LockClaim): void;
}

/** A claim that waits, and the lock that it waits for. */
interface Wait {
  readonly claim: LockClaim;
  readonly lock: WaitedLock;
}

/** Shared by the locks that know of each other. */
export class LockWaits {
  /** By transaction: what it waits for, on several partitions where a statement is on several. */
  readonly #waits = new Map<string, Set<Wait>>();

  /** A transaction begins to wait; answers how to say that it has ended. */
  begin(claim: LockClaim, lock: WaitedLock): () => void {
    const { transaction } = claim;
    if (transaction === null) return () => undefined;
    const waits = this.#waits.get(transaction) ?? new Set();
    this.#waits.set(transaction, waits);
    const wait = { claim, lock };
    waits.add(wait);
    return () => {
      waits.delete(wait);
      if (waits.size === 0 && this.#waits.get(transaction) === waits) {
        this.#waits.delete(transaction);
      }
    };
  }

  /**
   * Breaks every circle that the transaction is in, now that it waits for a lock, or has come to
   * hold one that others wait for. The youngest of each is the victim: what it waits for is
   * refused, and what it holds of the circle is let go.
   */
  breakCircles({ transaction }: LockClaim): void {
    if (transaction === null) return;
    for (;;) {
      const circle = this.#circleOf(transaction);
      if (circle === null) return;
      const victim = circle.reduce((a, b) => (b.claim.startedAt > a.claim.startedAt ? b : a));
      const id = victim.claim.transaction;
      const held = circle.map(({ lock }) => lock.holder).find((held) => held?.transaction === id);
      victim.lock.refuse(victim.claim);
      held?.wound();
    }
  }

  /** The waits of a circle through the transaction, each for a lock that the next one holds. */
  #circleOf(transaction: string): readonly Wait[] | null {
    const seen = new Set<string>();
    const path: Wait[] = [];
    const leadsBack = (id: string): boolean => {
      for (const wait of this.#waits.get(id) ?? []) {
        const holder = wait.lock.holder?.transaction ?? null;
        if (holder === null) continue;
        path.push(wait);
        if (holder === transaction) return true;
        if (!seen.has(holder)) {
          seen.add(holder);
          if (leadsBack(holder)) return true;
        }
        path.pop();
      }
      return false;
    };
    return leadsBack(transaction) ? path : null;
  }
}
