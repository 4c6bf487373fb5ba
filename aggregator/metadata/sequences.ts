// AUTO_INCREMENT numbers and hidden keys: taken from blocks that are reserved durably ahead.

import type { Sequences } from '#aggregator/aggregator-context.ts';
import { updateMetadata, type MetadataStore } from './metadata-store.ts';
import { keyWord } from './store-key.ts';
import { Turns } from './turns.ts';

/** Numbers reserved at a time, beyond what is asked for. After a crash they are skipped. */
const blockSize = 1000n;

interface Sequence {
  /** The next number to give. Invariant: next <= limit. */
  next: bigint;
  /** The first number that is not reserved. */
  limit: bigint;
}

function keyOf(database: string, tableId: number): string {
  return `sequence/${keyWord(database)}/${tableId}`;
}

/** Numbers rise, and are without gaps as long as the aggregator runs. */
export class StoredSequences implements Sequences {
  readonly #store: MetadataStore;
  readonly #sequences = new Map<string, Sequence>();
  readonly #turns = new Turns();

  constructor(store: MetadataStore) {
    this.#store = store;
  }

  async allocate(database: string, tableId: number, count: number): Promise<bigint> {
    const key = keyOf(database, tableId);
    return await this.#turns.inTurn(key, async () => {
      const sequence = await this.#open(key);
      const first = sequence.next;
      await this.#advance(key, sequence, first + BigInt(count));
      return first;
    });
  }

  async observe(database: string, tableId: number, value: bigint): Promise<void> {
    const key = keyOf(database, tableId);
    const known = this.#sequences.get(key);
    if (known !== undefined && value < known.next) return;
    await this.#turns.inTurn(key, async () => {
      const sequence = await this.#open(key);
      if (value >= sequence.next) await this.#advance(key, sequence, value + 1n);
    });
  }

  /** The number that comes next, for SHOW CREATE TABLE; null before the first. */
  async next(database: string, tableId: number): Promise<bigint | null> {
    const key = keyOf(database, tableId);
    const known = this.#sequences.get(key);
    if (known !== undefined) return known.next;
    const entry = await this.#store.get(key);
    return entry === null ? null : (entry.value as bigint);
  }

  /** A dropped table's, or a dropped database's (`tableId` null), are gone. */
  async forget(database: string, tableId: number | null): Promise<void> {
    const prefix = tableId === null ? `sequence/${keyWord(database)}/` : keyOf(database, tableId);
    for (const { key } of await this.#store.list(prefix)) {
      if (tableId !== null && key !== prefix) continue;
      await this.#store.delete(key);
      this.#sequences.delete(key);
    }
  }

  async #open(key: string): Promise<Sequence> {
    const known = this.#sequences.get(key);
    if (known !== undefined) return known;
    const entry = await this.#store.get(key);
    const next = entry === null ? 1n : (entry.value as bigint);
    const sequence: Sequence = { next, limit: next };
    this.#sequences.set(key, sequence);
    return sequence;
  }

  /** Moves `next` on; what it passes has been reserved durably by then. */
  async #advance(key: string, sequence: Sequence, next: bigint): Promise<void> {
    if (next > sequence.limit) {
      const wanted = next + blockSize;
      const written = await updateMetadata(this.#store, key, (value) =>
        value !== null && (value as bigint) > wanted ? (value as bigint) : wanted,
      );
      sequence.limit = written;
    }
    sequence.next = next;
  }
}
