// The lines of a file that can be read once, kept as long as they are few, to be read again.

import type { Field } from './split-line.ts';

export type LineBatch = readonly (readonly Field[])[];

/** Bytes of lines that are kept. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
/** What a line and a field cost besides their bytes, about. */
const LINE_BYTES = 64;
const FIELD_BYTES = 96;

export class KeptLines {
  readonly #source: AsyncIterator<LineBatch>;
  #kept: LineBatch[] = [];
  #keptBytes = 0;
  #hasForgotten = false;

  constructor(source: AsyncIterable<LineBatch>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** True while `read` would give every line from the first. */
  get isWhole(): boolean {
    return !this.#hasForgotten;
  }

  /** The lines that are kept, then those that are still to come. One reader at a time. */
  async *read(): AsyncGenerator<LineBatch> {
    yield* this.#kept;
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return;
      this.#keep(next.value);
      yield next.value;
    }
  }

  /** Nobody reads on. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #keep(batch: LineBatch): void {
    if (this.#hasForgotten) return;
    for (const line of batch) {
      this.#keptBytes += LINE_BYTES;
      for (const field of line) this.#keptBytes += FIELD_BYTES + (field?.length ?? 0);
    }
    this.#kept.push(batch);
    if (this.#keptBytes <= KEPT_BYTES_MAX) return;
    this.#kept = [];
    this.#hasForgotten = true;
  }
}
