// Things for one reader, who waits for the next one until a signal fires.

export class WaitingQueue<T extends object> {
  readonly #items: T[] = [];
  #wake = (): void => undefined;

  /** How many the reader has not taken yet. */
  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** All of them in order, for ever; ends when `signal` fires, whatever there is still. */
  async *take(signal: AbortSignal): AsyncGenerator<T> {
    const stop = () => this.#wake();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        const item = this.#items.shift();
        if (item !== undefined) yield item;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
