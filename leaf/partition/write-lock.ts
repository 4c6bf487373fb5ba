// Who may write: one transaction at a time, the oldest of those who wait. A deadlock within this
// process is broken as soon as its circle closes (shared/lock-waits.ts), any other by age, unless
// an aggregator has seen it before.
//
// Wound-wait: an older transaction that meets a younger holder rolls it back; a younger one waits.
// So every wait goes from younger to older and no circle stays closed, over partitions and leaves.
// A holder is given WOUND_DELAY_MS to end by itself, since most waits are no deadlocks.

import type { Clock, Timer } from '#shared/clock.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { LockClaim } from '#shared/lock-claim.ts';
import { LockWaits } from '#shared/lock-waits.ts';

/** How long an older transaction waits before it rolls a younger holder back. */
const WOUND_DELAY_MS = 10;

interface Waiter {
  readonly claim: LockClaim;
  readonly granted: () => void;
  readonly refused: (reason: DatabaseError) => void;
  /** It waits no more. */
  readonly ended: () => void;
}

/** The write lock of one partition. */
export class WriteLock {
  #clock: Clock;
  readonly #waits: LockWaits;
  #holder: LockClaim | null = null;
  /** Oldest first. */
  #waiters: Waiter[] = [];

  /** `waits`: of all locks of the process. */
  constructor(clock: Clock, waits: LockWaits = new LockWaits()) {
    this.#clock = clock;
    this.#waits = waits;
  }

  get holder(): LockClaim | null {
    return this.#holder;
  }

  /** Takes the lock when nobody has it. */
  tryAcquire(claim: LockClaim): boolean {
    if (this.#holder !== null) return false;
    this.#holder = claim;
    return true;
  }

  /**
   * Waits for the lock. Throws lockWaitTimeout after `timeoutMs` (null waits for ever), deadlock
   * for the victim of one.
   */
  async acquire(claim: LockClaim, timeoutMs: number | null): Promise<void> {
    if (this.tryAcquire(claim)) return;
    const timers: Timer[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        const ended = this.#waits.begin(claim, this);
        const waiter = { claim, granted: resolve, refused: reject, ended };
        const isYounger = (other: Waiter): boolean => other.claim.startedAt > claim.startedAt;
        const position = this.#waiters.findIndex(isYounger);
        this.#waiters.splice(position < 0 ? this.#waiters.length : position, 0, waiter);
        // Every later holder will be the oldest of those who wait: only this one can be younger.
        const isOlder = this.#holder !== null && this.#holder.startedAt > claim.startedAt;
        if (claim.transaction !== null && isOlder) this.#woundLater(claim, timers);
        if (timeoutMs !== null) {
          const giveUp = (): void =>
            this.abandon(claim, () => databaseError('lockWaitTimeout', {}));
          timers.push(this.#clock.after(timeoutMs, giveUp));
        }
        this.#waits.breakCircles(claim);
      });
    } finally {
      for (const timer of timers) timer.cancel();
    }
  }

  /** Who waits with this claim wants the lock no more: its `acquire` throws what `reason` says. */
  abandon(claim: LockClaim, reason: () => DatabaseError): void {
    const waiter = this.#waiters.find((other) => other.claim === claim);
    if (waiter === undefined) return;
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    waiter.ended();
    waiter.refused(reason());
  }

  /** See WaitedLock. */
  refuse(claim: LockClaim): void {
    this.abandon(claim, () => databaseError('deadlock', {}));
  }

  /** Gives the lock to the oldest who waits. */
  release(claim: LockClaim): void {
    if (this.#holder !== claim) return;
    const next = this.#waiters.shift();
    this.#holder = next?.claim ?? null;
    if (next === undefined) return;
    next.ended();
    next.granted();
    // Who waits on waits for the new holder now, which may wait elsewhere.
    if (this.#waiters.length > 0) this.#waits.breakCircles(next.claim);
  }

  /** Again and again: the holder may not be one to be wounded yet. */
  #woundLater(claim: LockClaim, timers: Timer[]): void {
    const timer = this.#clock.after(WOUND_DELAY_MS, () => {
      timers.splice(timers.indexOf(timer), 1);
      if (!this.#woundFor(claim)) return;
      this.#woundLater(claim, timers);
    });
    timers.push(timer);
  }

  /** False when the claim waits no more. */
  #woundFor(claim: LockClaim): boolean {
    const waits = this.#waiters.some((waiter) => waiter.claim === claim);
    if (waits && this.#holder !== null && this.#holder.startedAt > claim.startedAt) {
      this.#holder.wound();
    }
    return waits;
  }
}
