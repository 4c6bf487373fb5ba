// Work on things by name: one at a time for each, in the order it was asked for.

export class Turns {
  /** The last work on each name. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** True when nobody works on `name` or waits to. */
  isFree(name: string): boolean {
    return !this.#last.has(name);
  }

  /** Resolves when all work that was asked for by now has ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }

  /** Runs `work` after all earlier work on `name`, however that ended. */
  async inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const turn = (async () => {
      try {
        await before;
      } catch {
        // The one before was answered with its own error.
      }
      return await work();
    })();
    this.#last.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(name) === turn) this.#last.delete(name);
    }
  }
}
