// The ids of ended transactions, so that a late task of theirs begins nothing new.

/** Ids remembered. */
const ENDED_MAX = 10_000;

export class EndedTransactions {
  #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Forgets the oldest beyond the bound. */
  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= ENDED_MAX) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
