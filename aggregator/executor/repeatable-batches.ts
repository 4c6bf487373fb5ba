// Rows that can be read only once, kept for another attempt as long as they are few.

import type { GivenBatches } from '#aggregator/planner/resolve-insert.ts';

/** More rows than these are not kept. */
const KEPT_ROWS_MAX = 10_000;

type Batch = GivenBatches extends AsyncIterable<infer T> ? T : never;

export class RepeatableBatches {
  readonly #source: AsyncIterator<Batch>;
  readonly #kept: Batch[] = [];
  #keptRows = 0;
  #canRepeat = true;

  constructor(batches: GivenBatches) {
    this.#source = batches[Symbol.asyncIterator]();
  }

  /** False once more has been read than is kept: `read` would not begin at the beginning. */
  get canRepeat(): boolean {
    return this.#canRepeat;
  }

  /** All batches from the first on. Who stops before the end may read again, or closes. */
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
    this.#keptRows += batch.length;
    if (this.#canRepeat && this.#keptRows <= KEPT_ROWS_MAX) this.#kept.push(batch);
    else {
      this.#canRepeat = false;
      this.#kept.length = 0;
    }
  }
}
