// Who waits for the log to grow: woken at every step, to look again.

/** A set of promises that end together, or one by one with their signals. */
export class Waiters {
  #wake = new Set<() => void>();

  /** Resolves at the next step, or when the signal fires. */
  async wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      this.#wake.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    this.#wake.add(done);
    signal.addEventListener('abort', done, { once: true });
    await promise;
  }

  wakeAll(): void {
    if (this.#wake.size === 0) return;
    for (const wake of [...this.#wake]) wake();
  }
}
