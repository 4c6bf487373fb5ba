// Batches that can be read only once, kept for another attempt as long as they are few.

/** How much is kept, by whatever measure. */
export interface KeptSize<Batch> {
  readonly max: number;
  readonly sizeOf: (batch: Batch) => number;
}

export class RepeatableBatches<Batch> {
  readonly #source: AsyncIterator<Batch>;
  readonly #size: KeptSize<Batch>;
  readonly #kept: Batch[] = [];
  #keptSize = 0;

  constructor(batches: AsyncIterable<Batch>, size: KeptSize<Batch>) {
    this.#source = batches[Symbol.asyncIterator]();
    this.#size = size;
  }

  /** False once more has been read than is kept: `read` would not begin at the beginning. */
  get canRepeat(): boolean {
    return this.#keptSize <= this.#size.max;
  }

  /**
   * All batches from the first on, for one reader at a time. Who stops before the end may read
   * again, or closes.
   */
  async *read(): AsyncGenerator<Batch, void, undefined> {
    yield* this.#kept;
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return;
      this.#keep(next.value);
      yield next.value;
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #keep(batch: Batch): void {
    if (!this.canRepeat) return;
    this.#keptSize += this.#size.sizeOf(batch);
    if (this.canRepeat) this.#kept.push(batch);
    else this.#kept.length = 0;
  }
}
