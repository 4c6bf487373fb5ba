// One follower while its subscription lives: its state, what it has confirmed, who waits for that.

import type { Clock } from '#shared/clock.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { FollowerStatus } from '#shared/wire/message.ts';

/** A writer waits so long for a synchronous follower; then the follower counts as offline. */
const synchronousWaitMsMax = 2000;

/** Begins as `probe`; `end` is for ever. */
export class ConnectedFollower {
  readonly id: string;
  readonly address: string;
  readonly synchronous: boolean;
  /** It takes long records in parts. */
  readonly inParts: boolean;
  state: FollowerStatus['state'] = 'probe';
  /** True once a synchronous follower had all there was: from here on writers wait for it. */
  inSync = false;
  /** It has asked for a `check` in its stream. */
  checkAsked = false;
  /** Wakes its stream, while that waits. */
  wakeStream: () => void = () => undefined;
  #confirmed: LSN;
  #ended = new AbortController();
  #waiters = new Set<() => void>();

  constructor(options: {
    id: string;
    address: string;
    synchronous: boolean;
    inParts: boolean;
    confirmed: LSN;
  }) {
    this.id = options.id;
    this.address = options.address;
    this.synchronous = options.synchronous;
    this.inParts = options.inParts;
    this.#confirmed = options.confirmed;
  }

  get confirmed(): LSN {
    return this.#confirmed;
  }

  /** Fires when the subscription is over: its stream ends. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** It has applied everything up to `lsn`, and `sendable` is the newest it could have. */
  confirm(lsn: LSN, sendable: LSN): void {
    if (lsn > this.#confirmed) this.#confirmed = lsn;
    if (this.synchronous && this.state === 'replicate' && this.#confirmed >= sendable) {
      this.inSync = true;
    }
    this.#wake();
  }

  end(): void {
    this.inSync = false;
    this.#ended.abort();
    this.#wake();
  }

  /** Resolves when it has confirmed `lsn`, or is not to be waited for any more. */
  async waitForConfirmed(lsn: LSN, clock: Clock): Promise<void> {
    const timer = clock.after(synchronousWaitMsMax, () => {
      if (this.#confirmed < lsn) this.end();
    });
    while (this.inSync && this.#confirmed < lsn) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      await promise;
    }
    timer.cancel();
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}
